"""A town of users to watch: a source of events, a messaging system, and what is seen of the worker from outside.

``person``      one user's rhythm and how he leaves, ``spoilt`` what broken apps send
``source``      everything the apps write, in the order of its times
``messaging``   what becomes of a message
``feeder``      writes records to Kafka when their time has come
``worker``      the real worker, kept like the other servers here
``seen``        what stands on our topics, counted, ``watch`` the committed reader that fills it
``words``       a fact in a line, ``view`` the live picture and the plain lines
``show``        all of it together, from the first event to the last
"""
