"""Runs the whole system on this machine: `python -m deploy.local demo` or `python -m deploy.local run`."""

import argparse
import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from deploy.local import demo, prepared
from deploy.local.config import LocalConfig
from deploy.local.postgres import PostgresError
from deploy.local.processes import ProcessFailed
from deploy.local.system import DATABASES, READY_TIMEOUT, System, fill, running
from services.runtime.config import ConfigError, load


def main() -> int:
    """The exit code: 0 when all went well, 1 when something failed, 78 for a configuration that is not valid."""
    parser = argparse.ArgumentParser(prog="deploy.local", description="The whole system on one machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="keep the system running")
    commands.add_parser("prepare", help="make in advance what every new data folder begins with")
    once = commands.add_parser("demo", help="run the main job once and stop")
    once.add_argument("--profile", type=Path, help="a JSON Resume file")
    once.add_argument("--job", type=Path, help="a job posting, text or HTML")
    once.add_argument("--template", help="a template's id, such as modern or ats_optimized")
    once.add_argument("--format", help="formats, comma-separated: pdf, docx, html, txt, markdown, png")
    arguments = parser.parse_args()
    try:
        if arguments.command == "prepare":
            return asyncio.run(_prepare())
        config = load(LocalConfig, os.environ, process="local")
        return asyncio.run(_run(config) if arguments.command == "run" else _demo(config, _job(arguments)))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 78
    except (ProcessFailed, PostgresError, demo.DemoFailed, OSError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


async def _run(config: LocalConfig) -> int:
    stop = _signalled()
    _say("starting PostgreSQL, generation, render, storage, a render worker and the gateway")
    async with running(config.folder.absolute(), port=config.port, say=_say) as system:
        print(
            f"\n  API     {system.url}/api/v1\n  docs    {system.url}/docs"
            f"\n  logs    {config.folder / 'processes'}\n  token   {system.token}\n\n  Ctrl-C stops it.\n",
            flush=True,
        )
        failed = asyncio.create_task(_failure(system))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((failed, stopping), return_when=asyncio.FIRST_COMPLETED)
        for task in (failed, stopping):
            task.cancel()
        if not stop.is_set():
            raise ProcessFailed(failed.result())
        _say("stopping")
    return 0


async def _prepare() -> int:
    """Makes the prepared cluster. Without one everything works, a few seconds slower on a new data folder."""
    try:
        await prepared.prepare(DATABASES, lambda cluster: fill(cluster, os.environ))
    except (ProcessFailed, PostgresError, OSError) as error:
        _say(f"no prepared PostgreSQL: {error}")
    return 0


async def _demo(config: LocalConfig, job: demo.Job) -> int:
    stop = _signalled()
    _say("starting PostgreSQL, generation, render, storage, a render worker and the gateway")
    async with running(config.folder.absolute(), port=0, say=_say) as system:
        await system.processes.ready(READY_TIMEOUT)  # the worker, too: what it takes for a file is shown
        _say("ready")
        work = asyncio.create_task(_job_done(system, job))
        failed = asyncio.create_task(system.processes.failed())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((work, failed, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        failed.cancel()
        if not work.done():
            # Its thread ends with the API below it; nobody is left to be told of that.
            work.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            if stop.is_set():
                return 130
            raise ProcessFailed(failed.result())
        work.result()
        _say("stopping")
    return 0


async def _failure(system: System) -> str:
    """Returns what to tell when the worker, which starts last, does not, or when a process can no longer be kept."""
    try:
        await system.processes.ready(READY_TIMEOUT)
    except ProcessFailed as error:
        return str(error)
    return await system.processes.failed()


async def _job_done(system: System, job: demo.Job) -> None:
    await asyncio.to_thread(demo.run, system.url, system.token, job, _say)


def _job(arguments: argparse.Namespace) -> demo.Job:
    """The job the command line describes; what it leaves out is the sample's."""
    given = {"profile": arguments.profile, "posting": arguments.job, "template": arguments.template}
    job = replace(demo.Job(), **{name: value for name, value in given.items() if value})
    if arguments.format:
        job = replace(job, formats=tuple(each.strip() for each in arguments.format.split(",")))
    for path in (job.profile, job.posting):
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}")
    return job


def _signalled() -> asyncio.Event:
    """Set by SIGINT or SIGTERM, so that everything started is stopped in order."""
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    return stop


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
