"""Who acts: Faust apps, owners and tables, the Redis board, metrics, the command line.

The only folder that touches the world.
"""
