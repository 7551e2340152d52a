"""prVAE: a variational autoencoder of SEI pictures with a property regressor."""
