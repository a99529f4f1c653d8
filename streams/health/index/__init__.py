"""The health index, one idea of it a file.

``rhythm``      how unusual a silence is under the user's own rhythm
``curve``       how often silences that unusual went on, per product
``components``  what else takes points: shrinking use, shallow use, bad experiences
``outlook``     what a life stage changes: the horizon, and how much each flag counts
``population``  what a product's users have taught so far: the snapshot all of it is read with
``index``       one silence, its index and the parts of it
``baseline``    the index that is usual for the user, and how it follows
"""
