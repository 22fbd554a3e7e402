"""Bindings to real devices behind the ports of `csu.hal`: cameras by ONVIF, and the vault of their accounts."""
