"""What is asked again and again, and told once when it changes: clocks, devices, display panels, orders.

In: ports and the centre's events. Out: troubles and their end.
"""
