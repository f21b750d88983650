"""`healthgym`: run, play, look, verify."""

import typer

from .cli import (
    audit,
    bias,
    calc,
    charts,
    drugs,
    fairness,
    fork,
    images,
    knowledge,
    look,
    patient,
    play,
    redteam,
    resume,
    run,
    safety,
    score,
    tasks,
)

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Healthcare AI GYM: medical AI agents practise, are judged and learn on synthetic "
    "patients. Research only; not for clinical use.",
)
for module in (run, play, score, look, fairness, audit, calc, fork, resume, patient):
    for command in module.COMMANDS:
        app.command()(command)
app.command("import")(charts.import_)
app.command()(charts.browse)
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(tasks.app, name="tasks")
app.add_typer(drugs.app, name="drugs")
app.add_typer(images.app, name="images")
app.add_typer(safety.app, name="safety")
app.add_typer(bias.app, name="bias")
app.add_typer(redteam.app, name="redteam")


def main() -> None:
    """Run the command line of `healthgym`."""
    app()


if __name__ == "__main__":
    main()
