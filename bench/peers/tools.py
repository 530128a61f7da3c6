"""The tools: how each is told a graph, run, and made to forget."""

import glob
import json
import os
import pathlib
import shutil
import subprocess
import time

CAIRN = pathlib.Path(__file__).resolve().parents[2] / "artifacts/launcher/current/cairn"


class Tool:
    """A tool in a workspace. `caches` tells whether it can bring deleted outputs back without running steps."""

    caches = True
    git = False
    whole_seconds = False  # whether it sees an edit only where the second has changed since the file was written
    state = ()  # what it remembers by, relative to the workspace

    def __init__(self, options, graph, root):
        self.options, self.graph, self.root = options, graph, root
        self.environment = {**os.environ, "DO_NOT_TRACK": "1"}
        self.environment.pop("CI", None)

    def missing(self):
        """Why it cannot be measured here, or None."""
        program = self.command()[0]
        return None if shutil.which(program) else f"no {program}"

    def supports(self, size):
        return True

    def write(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    @property
    def base(self):
        """Where outputs stand."""
        return self.root

    def put(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def put_json(self, path, value):
        self.put(path, json.dumps(value, indent=1) + "\n")

    def forget(self):
        """Removes the cache and every other memory of earlier runs."""
        for name in self.state:
            for path in glob.glob(str(self.root / name), include_hidden=True):
                shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)

    def clear(self, in_place=False):
        """Removes the outputs. Thousands of files are moved aside instead: on ext4, creating files where as many were just deleted is slow by itself."""
        for step in self.graph.steps:
            path = self.base / step.output_path
            if self.graph.size == "outs" and not in_place:
                if path.exists():
                    aside = self.root.parent / "aside"
                    aside.mkdir(exist_ok=True)
                    path.rename(aside / str(time.monotonic_ns()))
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def stop(self):
        """Ends what runs in the background."""

    def server(self):
        """The id of a process in the background that belongs to the tool's memory, or None."""
        return None

    def commit(self):
        """Makes the workspace a git repository, as far as the tool looks at one."""
        if not self.git:
            return
        self.put(".gitignore", "node_modules\n.turbo\n.xdg\n.cairn\no.txt\ngen/\nrun.log\n")
        for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "graph"]):
            subprocess.run(["git", "-c", "core.compression=0", "-c", "gc.auto=0", "-c", "user.name=bench", "-c", "user.email=bench@example.invalid", *arguments],
                           cwd=self.root, check=True, stdout=subprocess.DEVNULL)


class Cairn(Tool):
    git = True
    state = (".xdg", ".cairn")

    def __init__(self, options, graph, root):
        super().__init__(options, graph, root)
        for name in ("CACHE", "STATE", "CONFIG"):
            self.environment[f"XDG_{name}_HOME"] = str(root / ".xdg" / name.lower())

    def write(self):
        lines = ["version: 1", "name: bench", "defaults: { isolation: process }", "steps:"]
        for step in self.graph.steps:
            sources = [f"{step.folder}/in/**"] if self.graph.size == "many" else step.source_paths()
            lines += [
                f"  {step.name}:",
                f"    working_directory: {step.folder}",
                f"    run: {step.script}",
                f"    inputs: {json.dumps(sources)}",
                f"    outputs: {json.dumps([step.output_path + ('/**' if self.graph.size == 'outs' else '')])}",
            ]
            if step.needs:
                lines.append(f"    needs: {json.dumps(step.needs)}")
        self.put("cairn.yaml", "\n".join(lines) + "\n")

    def command(self):
        return [self.options.cairn, "run"]


class CairnPlain(Cairn):
    """Outside git."""

    git = False


class CairnBefore(Cairn):
    """Another cairn, given by --before: that of an earlier commit, beside which a change is measured."""

    def missing(self):
        return super().missing() if self.options.before else "no --before PROGRAM"

    def command(self):
        return [self.options.before or "cairn", "run"]


class Make(Tool):
    caches = False

    def write(self):
        lines = ["all: " + " ".join(self.graph.outputs(step)[0] for step in self.graph.finals)]
        for step in self.graph.steps:
            lines += [f"{self.graph.outputs(step)[0]}: {' '.join(step.source_paths() + step.need_paths())}", f"\t@cd {step.folder} && {step.script.replace('$', '$$')}"]
        self.put("Makefile", "\n".join(lines) + "\n")

    def command(self):
        return ["make", f"-j{os.cpu_count()}"]


class Ninja(Tool):
    caches = False
    state = (".ninja_log", ".ninja_deps")

    def write(self):
        lines = ["rule step", "  command = $script"]
        for step in self.graph.steps:
            lines += [f"build {' '.join(self.graph.outputs(step))}: step {' '.join(step.source_paths() + step.need_paths())}", f"  script = cd {step.folder} && {step.script}"]
        self.put("build.ninja", "\n".join(lines) + "\n")

    def command(self):
        return ["ninja"]


class Tup(Tool):
    caches = False
    whole_seconds = True
    state = (".tup",)

    def write(self):
        lines = []
        for step in self.graph.steps:
            lines.append(f": {' '.join(step.source_paths() + step.need_paths())} |> cd {step.folder} && {step.script} |> {' '.join(self.graph.outputs(step))}")
        self.put("Tupfile", "\n".join(lines) + "\n")
        self.forget()

    def forget(self):
        super().forget()
        subprocess.run(["tup", "init"], cwd=self.root, check=True, stdout=subprocess.DEVNULL)

    def command(self):
        return ["tup"]


class SCons(Tool):
    state = (".scons-cache", ".sconsign*")

    def write(self):
        lines = ["import os", "graph = Environment(ENV={'PATH': os.environ['PATH']})", "CacheDir('.scons-cache')"]
        for step in self.graph.steps:
            script = f"cd {step.folder} && {step.script}".replace("$", "$$")
            lines.append(f"graph.Command({self.graph.outputs(step)!r}, {step.source_paths() + step.need_paths()!r}, {script!r})")
        self.put("SConstruct", "\n".join(lines) + "\n")

    def command(self):
        return ["scons", "-s", f"-j{os.cpu_count()}"]


class Turbo(Tool):
    """A package for each step, as Turborepo wants it; each task is an npm script."""

    git = True
    state = (".turbo",)

    def write(self):
        root = {"name": "bench", "version": "1.0.0", "private": True, "packageManager": "npm@10.0.0", "workspaces": ["p/*"]}
        lock = {"": {"name": "bench", "version": "1.0.0", "workspaces": ["p/*"]}}
        for step in self.graph.steps:
            needs = {need: "*" for need in step.needs}
            self.put_json(f"{step.folder}/package.json", {"name": step.name, "version": "1.0.0", "scripts": {"build": step.script}, "dependencies": needs})
            lock[step.folder] = {"version": "1.0.0", "dependencies": needs}
            lock[f"node_modules/{step.name}"] = {"resolved": step.folder, "link": True}
        first = self.graph.steps[0]
        sources = ["in/**"] if self.graph.size == "many" else first.sources
        self.put_json("package.json", root)
        self.put_json("package-lock.json", {"name": "bench", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": lock})
        self.put_json("turbo.json", {"ui": "stream", "tasks": {"build": {
            "dependsOn": ["^build"], "inputs": sources, "outputs": [first.output + ("/**" if self.graph.size == "outs" else "")]}}})
        (self.root / "node_modules").symlink_to(self.options.peers / "npm/node_modules")

    def command(self):
        return [str(self.options.peers / "npm/node_modules/.bin/turbo"), "run", "build", "--cache-dir=.turbo/cache"]


class TurboBare(Turbo):
    """Without the script of node that its package starts it through."""

    def command(self):
        found = sorted(self.options.peers.glob("npm/node_modules/@turbo/linux-*/bin/turbo")) + sorted(self.options.peers.glob("npm/node_modules/turbo-linux-*/bin/turbo"))
        return [str(found[0]) if found else "turbo", *super().command()[1:]]


class VitePlus(Tool):
    git = True
    state = ("node_modules/.vite*",)

    def __init__(self, options, graph, root):
        super().__init__(options, graph, root)
        self.environment["PATH"] = f"{options.peers}/node22/node_modules/node/bin:{os.environ['PATH']}"

    def write(self):
        tasks = {"all": {"command": "true", "dependsOn": [step.name for step in self.graph.finals]}}
        for step in self.graph.steps:
            sources = [f"{step.folder}/in/**"] if self.graph.size == "many" else step.source_paths()
            tasks[step.name] = {
                "command": f'sh -c "cd {step.folder} && {step.script}"',
                "dependsOn": step.needs,
                "cache": {"input": sources + step.need_paths(), "output": [step.output_path + ("/**" if self.graph.size == "outs" else "")]},
            }
        self.put_json("package.json", {"name": "bench", "version": "1.0.0", "private": True, "type": "module", "packageManager": "npm@10.0.0"})
        self.put("vite.config.mjs", f"export default {{ run: {{ tasks: {json.dumps(tasks)} }} }};\n")
        (self.root / "node_modules").mkdir()
        (self.root / "node_modules/vite-plus").symlink_to(self.options.peers / "vp/node_modules/vite-plus")

    def command(self):
        return [str(self.options.peers / "node22/node_modules/node/bin/node"), str(self.options.peers / "vp/node_modules/vite-plus/bin/vp"), "run", "all"]


class Bazel(Tool):
    state = (".disk-cache",)

    @property
    def base(self):
        return self.root / "bazel-bin"

    def _bazel(self, *arguments):
        return ["bazel", f"--output_user_root={self.root.parent}/bazel-root", *arguments]

    def write(self):
        outs = self.graph.size == "outs"
        self.put("WORKSPACE", "workspace(name = 'bench')\n")
        self.put("graph.bzl", """
def _impl(ctx):
    made = ctx.actions.declare_directory(ctx.attr.makes) if ctx.attr.folder else ctx.actions.declare_file(ctx.attr.makes)
    script = ctx.attr.script.replace("{out}", made.path).replace("{needs}", " ".join([f.path for f in ctx.files.needs]))
    ctx.actions.run_shell(inputs = ctx.files.sources + ctx.files.needs, outputs = [made], command = script)
    return [DefaultInfo(files = depset([made]))]

graph_step = rule(_impl, attrs = {
    "sources": attr.label_list(allow_files = True), "needs": attr.label_list(), "makes": attr.string(), "folder": attr.bool(), "script": attr.string(),
})
""")
        scripts = {
            "many": "ls p/s0000/in | wc -l > {out}",
            "big": "wc -c < p/s0000/big.bin > {out}",
            "outs": 'read -r seed < p/s0000/a.txt; for ((n = 0; n < 5000; n++)); do echo "$seed line $n" > {out}/f$n.txt; done',
        }
        lines = ["load(':graph.bzl', 'graph_step')"]
        for step in self.graph.steps:
            sources = "glob(['p/s0000/in/**'])" if self.graph.size == "many" else repr(step.source_paths())
            script = scripts.get(self.graph.size, f"cksum {' '.join(step.source_paths())} {{needs}} > {{out}}")
            lines.append(f"graph_step(name = {step.name!r}, sources = {sources}, needs = {[':' + need for need in step.needs]!r}, "
                         f"makes = {step.output_path!r}, folder = {outs}, script = {script!r})")
        lines.append(f"filegroup(name = 'finals', srcs = {[':' + step.name for step in self.graph.finals]!r})")
        self.put("BUILD", "\n".join(lines) + "\n")

    def command(self):
        return self._bazel("build", "--disk_cache=.disk-cache", "--noshow_progress", "--ui_event_filters=-info,-stdout,-stderr", ":finals")

    def forget(self):
        super().forget()
        subprocess.run(self._bazel("clean"), cwd=self.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    def clear(self, in_place=False):
        if (self.base / "p").exists():
            subprocess.run(["chmod", "-R", "u+w", f"{self.base}/p"], check=True)
        super().clear(in_place)

    def stop(self):
        subprocess.run(self._bazel("shutdown"), cwd=self.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    def server(self):
        files = glob.glob(f"{self.root.parent}/bazel-root/*/server/server.pid.txt")
        return int(pathlib.Path(files[0]).read_text()) if files else None


TOOLS = {
    "cairn": Cairn, "cairn-plain": CairnPlain, "cairn-before": CairnBefore, "ninja": Ninja, "make": Make, "turbo": Turbo, "turbo-bare": TurboBare,
    "vp": VitePlus, "bazel": Bazel, "scons": SCons, "tup": Tup,
}
