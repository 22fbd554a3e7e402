"""The journal and the legal register of a running centre: opened before anything is done, closed last.

In: settings of an installer, deeds of people and of the centre. Out: chained, anchored, stamped lines.
"""
