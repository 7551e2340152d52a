"""The pages: what people see of a campaign, and where they decide."""
