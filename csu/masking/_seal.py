"""This room's hold on the mask seal. Nothing outside `csu.masking` imports it."""

from __future__ import annotations

from csu.hal._mask_seal import MaskSeal, take_seal

# A reload runs this module again over the same globals, and the seal is given once in a process.
if "SEAL" not in globals():
    SEAL: MaskSeal = take_seal()
