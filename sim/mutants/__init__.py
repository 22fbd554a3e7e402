"""Who tests the tester: defects planted in the engine's own code, and the oracle that must find each of them."""
