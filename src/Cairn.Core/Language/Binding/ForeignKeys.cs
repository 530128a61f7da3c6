using Cairn.Core.Diagnostics;

namespace Cairn.Core.Language.Binding;

/// <summary>A key that people bring from another tool, or that belongs to a version to come.</summary>
internal sealed record ForeignKey(string Code, string? Message, string Suggestion);

/// <summary>Pointed answers for keys that do not exist here but mean something elsewhere.</summary>
internal static class ForeignKeys
{
    /// <summary>The answer for a key in one of the <see cref="KeySet"/>s, or null.</summary>
    public static ForeignKey? Find(string keySet, string name) => keySet switch
    {
        "step" or "template" => InStep(name),
        "defaults" => InDefaults(name),
        "pipeline" or "included" or "generated" => AtTop(name),
        "service" => InService(name),
        "cache" => InCache(name),
        "tool_cache" => InToolCache(name),
        _ => null,
    };

    private static ForeignKey? InStep(string name) => name switch
    {
        "script" or "cmd" or "shell_command" or "commands" or "runs" => Instead("run", name is "commands" ? "Write the lines as one script: `run: |`" : null),
        "depends_on" or "dependencies" or "depends" or "requires" or "after" => Instead("needs"),
        "artifacts" or "artifact_paths" or "produces" => Instead("outputs"),
        "environment" or "variables" or "vars" => Instead("env"),
        "when" or "only" or "rules" or "condition" => Instead("if", "Write a condition such as `if: ${{ git.branch == 'main' }}`"),
        "working-directory" or "workdir" or "cwd" or "dir" or "directory" => Instead("working_directory"),
        "timeout-minutes" or "timeout_minutes" or "timeout_in_minutes" => Instead("timeout", "Write `timeout:` with a unit, such as `timeout: 10m`"),
        "continue-on-error" or "continue_on_error" or "soft_fail" or "allow-failure" => Instead("allow_failure"),
        "retry" => Instead("retries"),
        "strategy" or "parallel" => Instead("matrix", "Write the axes directly below `matrix:`"),
        "label" or "name" => new(DiagnosticCodes.ForeignKey, null, "A step's key is its name; longer text goes to `description`"),
        "image" or "container" => new(DiagnosticCodes.ForeignKey, null, "This version runs steps as processes of this machine (`isolation: process`) and has no images; call `docker run` in `run` where you need one"),
        "stage" or "stages" => new(DiagnosticCodes.ForeignKey, null, "There are no stages: order steps with `needs`"),
        "cacheable" or "caching" or "no_cache" or "no-cache" => Instead("cache", "Write `cache: false` for a step that executes in every run"),
        "tags" or "runs-on" or "runs_on" or "agents" or "resource_class" => new(DiagnosticCodes.ForeignKey, null, "Steps run on the machine that runs `cairn`; remove the key"),
        "toolchains" => Instead("toolchain", "A step has one toolchain: `toolchain: name`, declared in `toolchains` at the top of the file"),
        "params" => new(DiagnosticCodes.ForeignKey, "A step has no parameters of its own", "Declare `params` at the top of the file or in a template"),
        _ => null,
    };

    private static ForeignKey? InDefaults(string name) => name switch
    {
        "toolchains" => Instead("toolchain", "A step has one toolchain: `toolchain: name`, declared in `toolchains` at the top of the file"),
        "run" or "command" or "uses" or "with" or "needs" or "inputs" or "outputs" or "matrix" or "if" or "concurrency" or "services" or "reports" or "generates" or "description" =>
            new(DiagnosticCodes.ForeignKey, $"`{name}` has no default", "Write it in each step, or use a template"),
        "environment" or "working-directory" or "workdir" or "timeout-minutes" or "continue-on-error" or "retry" => InStep(name),
        _ => null,
    };

    private static ForeignKey? AtTop(string name) => name switch
    {
        "jobs" or "tasks" or "stages" or "pipeline" => Instead("steps"),
        "variables" or "environment" => Instead("env"),
        "parameters" or "inputs" => Instead("params"),
        "toolchain" => Instead("toolchains", "Declare it in `toolchains`, and name it in `defaults: { toolchain: name }`"),
        "imports" or "extends" => Instead("include"),
        "on" or "triggers" or "trigger" => new(DiagnosticCodes.ForeignKey, null, "A pipeline does not say when it runs; whoever calls `cairn run` does"),
        "image" => InStep(name),
        _ => null,
    };

    private static ForeignKey? InService(string name) => name switch
    {
        "image" or "ports" or "volumes" => new(DiagnosticCodes.ForeignKey, null, "A service is a command of this machine: write `run` or `command`"),
        "healthcheck" or "health" or "readiness" => Instead("ready"),
        "script" or "environment" or "working-directory" or "workdir" => InStep(name),
        _ => null,
    };

    private static ForeignKey? InCache(string name) => name switch
    {
        "key-extra" or "extra_key" or "extra-key" or "salt" or "version" => Instead("key_extra"),
        "key" or "keys" => new(DiagnosticCodes.ForeignKey, null, "The key is made of the command, its variables and its files by itself; write `key_extra` for what else it shall depend on"),
        "path" or "directories" or "folders" => Instead("paths", "Write `paths:` with a name for each folder, such as `paths: { nuget: ~/.nuget/packages }`"),
        "restore-keys" or "restore_keys" or "fallback_keys" or "policy" or "untracked" or "when" or "unprotect" or "save" or "restore" =>
            new(DiagnosticCodes.ForeignKey, null, "Remove it: a tool cache in `paths` is one folder by its name, which every run sees as the last one left it"),
        "enabled" or "disabled" or "enable" => new(DiagnosticCodes.ForeignKey, null, "Write `cache: false` or `cache: true`"),
        "inputs" or "files" or "outputs" => new(DiagnosticCodes.ForeignKey, null, $"Write `{(name is "outputs" ? "outputs" : "inputs")}:` in the step itself: what a step reads and writes is what is cached"),
        _ => null,
    };

    private static ForeignKey? InToolCache(string name) => name switch
    {
        "paths" or "dir" or "directory" or "folder" or "target" => Instead("path"),
        "size" or "limit" or "max_size" or "max-size" => Instead("quota", "Write `quota: 2GiB`"),
        "scope" or "sharing" or "global" => Instead("shared", "Write `shared: true` for a cache of all projects"),
        "key" => new(DiagnosticCodes.ForeignKey, null, "A tool cache is told by its name and has no key"),
        _ => null,
    };

    private static ForeignKey Instead(string key, string? suggestion = null) =>
        new(DiagnosticCodes.ForeignKey, null, suggestion ?? $"Write `{key}:` instead");
}
