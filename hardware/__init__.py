"""Real devices behind the ports of csu.hal, one folder a kind: it speaks a device's protocol and refuses the rest."""
