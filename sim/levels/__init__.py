"""How much of the media plane is simulated: descriptors (L0), small pictures in virtual time (L1), real sockets (L2)."""
