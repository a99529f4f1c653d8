"""The command ``churn-alerts``."""

import importlib
import pkgutil

import click

from agents import cli


class Commands(click.Group):
    """A group whose commands are the modules of ``agents.cli``; one is imported only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(cli.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"agents.cli.{cmd_name.replace('-', '_')}").command
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="churn-alerts")
def main() -> None:
    """Notice who is drifting away, with reasons, and win each of them back without annoying anybody."""


if __name__ == "__main__":
    main(prog_name="churn-alerts")
