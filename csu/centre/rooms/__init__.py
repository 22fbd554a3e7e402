"""What people act by: alarms and their calls, PTZ cameras under lease, the wall and its director, the watch of two.

In: events of the centre, commands of operators. Out: journaled decisions, told to the centre's listeners.
"""
