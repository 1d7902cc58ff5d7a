"""The contract on the wire: trainer.proto and the modules that are generated from it."""
