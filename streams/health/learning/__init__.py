"""What a product's users teach, day by day, across partitions.

``clock``       operational time: how much of each day counted
``sums``        what one partition saw of one day, in whole numbers
``sample``      the users it is seen of, in arrays, swept once a day
``prediction``  what was foretold of one user, and whether it came true
``lesson``      all that was learned up to a day: one lesson follows from the last and the sums of all partitions
``refit``       once a week: prior, curves and weights, the snapshot that silences are read with
``heard``       sums and marks heard of every partition, until a lesson has used them
``population``  all of it for one product in one partition
"""
