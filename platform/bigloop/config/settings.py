"""Settings of the platform: defaults, then `bigloop.yaml`, then environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)


class Webhook(BaseModel):
    """Somebody who is told of every event."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: HttpUrl
    secret: SecretStr
    """What messages are signed with; at least 16 characters, known to both ends."""
    kinds: tuple[str, ...] = ()
    """Beginnings of the kinds of events that are told, such as `trial.`; none: all."""

    @field_validator("secret")
    @classmethod
    def _long(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 16:
            raise ValueError("give at least 16 characters")
        return value


class Settings(BaseSettings):
    """What the machine, not the campaign, decides.

    Read from `bigloop.yaml` in the working folder, then from the environment
    (`BIGLOOP_STORE`, `BIGLOOP_LEASE_S`, ...), which wins.
    """

    model_config = SettingsConfigDict(
        env_prefix="BIGLOOP_",
        extra="forbid",
        frozen=True,
        yaml_file="bigloop.yaml",
        use_attribute_docstrings=True,
    )

    folder: Path = Path(".bigloop")
    """Where journals, the embedded database and reports go."""
    store: str = ""
    """SQLAlchemy address of the store; empty: SQLite in `folder`."""
    executor: Literal["ray", "in-process"] = "ray"
    """Where simulators and training run."""
    ray_address: str = ""
    """Address of a Ray cluster; empty: a local one."""
    ray_num_gpus: float = Field(default=0.0, ge=0)
    """GPUs that training asks of Ray."""
    mlflow: str = ""
    """Address of an MLflow server; empty: SQLite in `folder`."""
    lease_s: PositiveFloat = 30.0
    """How long a worker may be silent before its trial is taken from it [s]."""
    serve_host: str = "127.0.0.1"
    """Address at which `bigloop serve` listens."""
    serve_port: int = Field(default=8000, ge=0, le=65535)
    """Port at which it listens; 0 takes a free one."""
    serve_root_path: str = Field(default="", pattern=r"^(/[A-Za-z0-9._~-]+)*/?$")
    """Path under which a proxy shows it."""

    serve_body_bytes: PositiveInt = 4 * 2**20
    """The most that a request may carry, files apart [bytes]."""
    artifact_bytes: PositiveInt = Field(default=256 * 2**20, le=2**32)
    """The most that an uploaded file may have [bytes]."""
    session_idle_s: PositiveFloat = 8 * 3600.0
    """A login ends when it is not used for so long [s]."""
    session_longest_s: PositiveFloat = 7 * 86400.0
    """A login ends after so long at the latest [s]."""
    login_tries: PositiveInt = 8
    """Logins of one name that are let through within the window."""
    login_tries_address: PositiveInt = 60
    """Logins from one address that are let through within the window."""
    login_window_s: PositiveFloat = 900.0
    """How long an attempt to log in counts [s]."""
    password_rounds: PositiveInt = 3
    """Passes of argon2 over its memory."""
    password_memory_kib: int = Field(default=65536, ge=8)
    """Memory of argon2 [KiB]."""
    oidc_issuer: str = ""
    """Address of an OpenID Connect provider; empty: passwords alone."""
    oidc_client_id: str = "bigloop"
    """Our name with the provider."""
    oidc_client_secret: SecretStr = SecretStr("")
    """Our secret with it; from the environment, not from a file that others read."""
    oidc_name_claim: str = "preferred_username"
    """The claim that is the person's name."""
    oidc_role_claim: str = "bigloop_role"
    """The claim that gives the role: a word or a list of them."""
    oidc_roles: dict[str, str] = Field(default_factory=dict)
    """The role that each word of the claim means, where it is not the same word."""
    serve_telemetry: bool = False
    """Whether requests are told by OpenTelemetry, to `OTEL_EXPORTER_OTLP_ENDPOINT`;
    needs `bigloop[otel]`."""
    webhooks: tuple[Webhook, ...] = ()
    """Who is told of events while `bigloop serve` runs."""

    @property
    def store_url(self) -> str:
        """Address of the store."""
        return self.store or f"sqlite:///{self.folder / 'store.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the file."""
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls)
