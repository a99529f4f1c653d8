"""What a message says (E11): rendered before it is judged, so that what passes is what goes out.

- ``template``   the language of templates: compiled once a policy, ends always, computes nothing
- ``writer``     subject and text of a playbook on a channel, in the user's language, and every objection to them
- ``objection``  why a text cannot go out
- ``rules``      what a text must and must not be; ``words`` ``segments`` ``links`` each find one thing in it
- ``faults``     the same objections before any message: what ``policy check`` tells
"""
