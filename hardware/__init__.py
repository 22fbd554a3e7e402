"""Bindings to real devices. Empty until "Real hardware behind the same ports": it will join `tests/contract/`."""
