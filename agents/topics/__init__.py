"""Every topic of this installation, once: as it shall be, as the brokers have it, and what differs.

``specs`` the one list · ``compare`` what differs · ``admin`` creating and checking them on real brokers.
"""

from agents.topics.admin import check_topics, create_topics
from agents.topics.compare import Compared, Found, TopicFaults
from agents.topics.specs import TopicSpec, topic_specs

__all__ = ["Compared", "Found", "TopicFaults", "TopicSpec", "check_topics", "create_topics", "topic_specs"]
