"""A real Apache Kafka on this machine: one broker that is its own controller (KRaft)."""

from pathlib import Path
from typing import Self

from agents.local.download import kafka_jars
from agents.local.java import java
from agents.local.ports import free_ports
from agents.local.process import Server

CLUSTER_ID = "Y2h1cm4tYWxlcnRzLWxvYw"  # any base64 uuid
# Its log is what a failed start shows, and what says that it is ready; 400 lines of configuration are not wanted there.
LOGGING = {
    "showDateTime": "true",
    "dateTimeFormat": "HH:mm:ss.SSS",
    "log.org.apache.kafka.common.config.AbstractConfig": "warn",
}
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
log.dirs={folder}/data
auto.create.topics.enable=false
# one broker: one copy
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# few clients: few internal partitions, which makes a fresh cluster quick to answer its first group
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
# no waiting for members that will not come, and short sessions for those who test what happens when one is lost
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# a killed broker is let in again after its session has run out; the default keeps a restart waiting for 9 s
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=400
log.cleaner.dedupe.buffer.size=16777216
# compaction soon enough to be seen
log.cleaner.backoff.ms=500
"""


QUICK = "-XX:TieredStopAtLevel=1"
"""Java compiles once and lightly: what does not live long has no use for more."""


class Kafka(Server):
    """An Apache Kafka 4 broker; ``bootstrap`` is its address, the same for as long as this object lives.

    ``kill`` and ``restart`` keep port and data: what was acknowledged before is still there. A ``brief`` broker takes a
    third less processor time to start, and is slower than others once it has run for minutes.
    """

    name = "Kafka"

    def __init__(self, brief: bool = False) -> None:
        self._compiler = [QUICK] if brief else []
        self._java, self._jars = java(), kafka_jars()  # first: no process is made where these fail
        super().__init__()
        broker, controller = free_ports(2)
        self.port = broker
        self.bootstrap = f"127.0.0.1:{broker}"
        self._properties = self.folder / "server.properties"
        self._properties.write_text(PROPERTIES.format(broker=broker, controller=controller, folder=self.folder))

    @classmethod
    def start(cls, brief: bool = False) -> Self:
        """Return a running, empty Kafka that answers; about 4 s, the first time on a machine plus its download.

        Raises:
            CannotRunHere: no Java, no jars (NotFetched), or a broker that would not come up (DidNotStart).
        """
        kafka = cls(brief)
        try:
            kafka._format()
            kafka.launch()
        except BaseException:
            kafka.close()
            raise
        return kafka

    def restart(self) -> None:
        """Bring the broker up again on the same port and data, after stopping it in good order where it still runs."""
        if self.running:
            self.stop()
        self.launch()

    def command(self) -> list[str]:
        """Return the command line of the broker."""
        java = self._run("-Xms256m", "-Xmx1g", "-XX:+UseSerialGC", *self._compiler)
        return [*java, "kafka.Kafka", str(self._properties)]

    def answers(self) -> bool:
        """Say whether the broker takes requests; it writes so when its listeners are open and nothing fences it."""
        return "Kafka Server started" in self.log

    def _format(self) -> None:
        arguments = ["format", "--cluster-id", CLUSTER_ID, "--config", str(self._properties), "--standalone"]
        self.prepare([*self._run(QUICK), "kafka.tools.StorageTool", *arguments])

    def _run(self, *flags: str) -> list[str]:
        scratch = Path(self.folder, "scratch")  # what Java would leave in /tmp
        scratch.mkdir(exist_ok=True)
        logging = [f"-Dorg.slf4j.simpleLogger.{key}={value}" for key, value in LOGGING.items()]
        own = [f"-Djava.io.tmpdir={scratch}", "-XX:-UsePerfData", *logging, *flags]
        return [self._java, *own, "-cp", f"{self._jars}/*"]
