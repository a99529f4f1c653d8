"""The role table, a role a file: which topics it reads and writes, and how a partition of it is opened.

``spec`` the shape of a line · ``health`` ``dispatcher`` ``governor`` the lines.
"""
