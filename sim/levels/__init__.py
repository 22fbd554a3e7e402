"""How much of the media plane is simulated.

L0: descriptors in closed form. L1: small pictures in virtual time, through the masks and the recorder that ship. L2: a
whole centre over real sockets in real time.
"""
