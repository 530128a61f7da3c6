using System.Collections.Immutable;

using Cairn.Core.Expressions;
using Cairn.Core.Fetching;
using Cairn.Core.Language.Model;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>The keys of a step, of a template and of the defaults.</summary>
internal static class StepKeys
{
    private static readonly string[] Actions = ["run", "command", "uses"];

    private static readonly Key<StepDraft, string> Description = new(
        "description", "What it is for; shown in lists and graphs.", new TextKind("a text", "Compiles the library"), static (d, v, _) => d.Description = v);

    private static readonly Key<StepDraft, ImmutableArray<string>> Shell = new(
        "shell", "What runs a script: `sh`, `bash`, `dash`, `zsh`, `python3`, `node`, `perl`, or a program with arguments that takes the script as one more argument. The POSIX shells stop at the first failure (`sh -eu -c`, `bash -euo pipefail -c`).",
        ShellKind.Instance, static (d, v, e) => (d.Shell, d.ShellKey) = (v, e.Key.Span))
    { Default = "sh" };

    private static readonly Key<StepDraft, ImmutableArray<EnvironmentEntry>> Environment = new(
        "env", "Variables of the command. Nothing of the caller's environment leaks in. Values may hold expressions, and are the only place for `${{ secrets.name }}`.",
        EnvironmentKind.Instance, static (d, v, _) => d.Environment = v);

    private static readonly Key<StepDraft, Template> WorkingDirectory = new(
        "working_directory", "The folder in which the command starts, relative to the project.",
        new PathKind(ExpressionRole.Folder, "a folder of the project", "src"), static (d, v, _) => d.WorkingDirectory = v)
    { Default = "the project's folder" };

    private static readonly Key<StepDraft, TimeSpan> Timeout = new(
        "timeout", "The longest time that one attempt may take; then it is stopped and counts as failed.", new DurationKind("10m"), static (d, v, _) => d.Timeout = v)
    { Default = "no limit" };

    private static readonly Key<StepDraft, RetryPolicy> Retries = new(
        "retries", "How often a failed attempt is followed by another, and after which failures.", new RetriesKind(), static (d, v, _) => d.Retries = v)
    { Default = "0" };

    private static readonly Key<StepDraft, bool> AllowFailure = new(
        "allow_failure", "Whether the run may succeed although this step fails.", BooleanKind.Instance, static (d, v, _) => d.AllowFailure = v)
    { Default = "false" };

    private static readonly Key<StepDraft, IsolationLevel> Isolation = new(
        "isolation", "Where the command runs. `sandbox`: in namespaces of its own, over a copy of its declared inputs, so that it reads and changes nothing else. `process`: in the working tree, with the rights of the user.",
        new IsolationKind(), static (d, v, _) => d.Isolation = v)
    { Default = "sandbox, or what `run.isolation` says" };

    private static readonly Key<StepDraft, ToolchainUse> Toolchain = new(
        "toolchain", "The toolchain whose programs the command has, in `sandbox` isolation: one of `toolchains`, or `host` for the machine's own `/usr`. Of several, the files are united.",
        new ToolchainUseKind(), static (d, v, _) => d.Toolchain = v)
    { Default = "host" };

    private static readonly Key<StepDraft, NetworkAccess> Network = new(
        "network", "What the command may reach. `none`: itself and the services it uses. `wan`: the internet, but neither the machine nor private networks. `host`: what the machine reaches, which is all that `process` isolation can give.",
        new NetworkKind(), static (d, v, _) => d.Network = v)
    { Default = "none; host in `process` isolation" };

    private static readonly Key<StepDraft, ImmutableArray<HostPattern>> Hosts = new(
        "hosts", "Of a step with `uses: fetch`: the hosts that its command reaches, and no others. `*.example.com` stands for all below a name, `example.com:8443` for one port; without one it is those of `https` and `http`. Names that lead to the machine or to a private network need its address here, too, as `10.1.0.0/16`.",
        new ListKind<HostPattern>(new HostKind(), "a host or a list of hosts", "[registry.npmjs.org, \"*.example.com:8443\"]", allowEmpty: false), static (d, v, e) => (d.Hosts, d.HostsKey) = (v, e.Key.Span));

    private static readonly Key<StepDraft, LimitsDraft> StepLimits = new(
        "limits", "Bounds of one attempt and all its processes, in `sandbox` isolation.", LimitsDraft.Kind, static (d, v, _) => d.Limits = v.ToLimits());

    private static readonly Key<StepDraft, bool> Strict = new(
        "strict", "Whether a file that the command writes outside its `outputs` is a failure. Otherwise such files are listed and dropped.", BooleanKind.Instance, static (d, v, _) => d.Strict = v)
    { Default = "false" };

    private static readonly Key<StepDraft, DeterminismDraft> Deterministic = new(
        "deterministic", "Whether what usually differs from machine to machine and day to day is the same for the command, in `sandbox` isolation: `SOURCE_DATE_EPOCH` is the time of the last commit that changed its inputs, time zone and language are fixed. A mapping fixes more.", DeterminismKind.Instance, static (d, v, _) => d.Deterministic = v)
    { Default = "false" };

    private static readonly Key<StepDraft, CachePolicy> Cache = new(
        "cache", "Whether the result may be taken from an earlier run that did the same: same command, variables, input files and outputs of what it needs. A step without `outputs` is cached too, for its success and its log. A mapping says more.",
        CacheKind.Instance, static (d, v, _) => d.Cache = v)
    { Default = "true" };

    private static readonly Key<StepDraft>[] Body =
    [
        Description,
        new Key<StepDraft, Template>(
            "run", "A script for the `shell`. Expressions are put into its text as they are: pass what others control through `env`.",
            new TemplateKind(ExpressionRole.Script, "a script", "make -C build"), static (d, v, e) => (d.Run, d.RunKey) = (v, e.Key.Span)),
        new Key<StepDraft, ImmutableArray<Template>>(
            "command", "A program and its arguments, run without a shell.",
            new ListKind<Template>(new TemplateKind(ExpressionRole.Command, "a program or an argument", "make"), "a list of program and arguments", "[make, -C, build]", single: false, allowEmpty: false),
            static (d, v, _) => d.Command = v),
        new Key<StepDraft, NameUse>(
            "uses", "The template that this step is made from. Or `fetch`, beside a command: it fetches what others make from its `hosts`, and what it brings is pinned in `cairn.lock` by `cairn fetch`. Or `bundle`, alone: Cairn makes a bundle of the `files` in `with`.",
            new NameUseKind(NameRule.Template, "compile"), static (d, v, _) => Use(d, v)),
        new Key<StepDraft, ImmutableArray<ArgumentDraft>>("with", "Values for the parameters of the template that `uses` names. Of `uses: bundle`: `files`, globs of what the bundle holds, and `name`, its path, which ends in `.cab`.", ArgumentsKind.Instance, static (d, v, e) => (d.With, d.WithKey) = (v, e.Key.Span)),
        Shell,
        new Key<StepDraft, ImmutableArray<NameUse>>(
            "needs", "The steps that must succeed before this one, whose outputs it sees.",
            new ListKind<NameUse>(new NameUseKind(NameRule.Step, "build"), "the name of a step or a list of names", "[build]"), static (d, v, _) => d.Needs = v) { Default = "none" },
        Environment,
        WorkingDirectory,
        new Key<StepDraft, ImmutableArray<Template>>(
            "inputs", "Globs of the files that the command reads. `**` stands for any folders, `!` takes paths out again.",
            new GlobsKind(ExpressionRole.Pattern, "[\"src/**\", \"!src/gen/**\"]"), static (d, v, _) => d.Inputs = v) { Default = "all files of the project that git does not ignore, less all outputs" },
        new Key<StepDraft, ImmutableArray<Template>>(
            "outputs", "Globs of the files that the command writes. They stay in the project's folder.",
            new GlobsKind(ExpressionRole.Pattern, "[build/app]"), static (d, v, _) => d.Outputs = v) { Default = "none" },
        Cache,
        Timeout,
        Retries,
        AllowFailure,
        new Key<StepDraft, Expression>("if", "The condition under which the step runs. One without `success()`, `failure()`, `always()` or `cancelled()` also asks that all needs succeeded.", ConditionKind.Instance, static (d, v, _) => d.Condition = v) { Default = "success()" },
        new Key<StepDraft, MatrixDefinition>("matrix", "Axes of values: the step becomes one job for each combination, which reads its values as `${{ matrix.axis }}`.", MatrixKind.Instance, static (d, v, _) => d.Matrix = v),
        Isolation,
        Toolchain,
        Network,
        Hosts,
        StepLimits,
        Strict,
        Deterministic,
        new Key<StepDraft, ConcurrencyDraft>("concurrency", "Limits on what runs at once.", ConcurrencyKeys.Kind, static (d, v, _) => d.Concurrency = v),
        new Key<StepDraft, ImmutableArray<NameUse>>(
            "services", "Services that must be ready while the step runs.",
            new ListKind<NameUse>(new NameUseKind(NameRule.Service, "database"), "the name of a service or a list of names", "[database]"), static (d, v, _) => d.Services = v),
        new Key<StepDraft, ReportsDraft>("reports", "Files whose content is shown with the run.", ReportsDraft.Kind, static (d, v, _) => d.JUnitReports = v.JUnit),
        new Key<StepDraft, Template>(
            "generates", "A pipeline file that the command writes, whose steps then join the run.",
            new PathKind(ExpressionRole.Pattern, "the path of a pipeline file", "build/generated.yaml"), static (d, v, _) => d.Generates = v),
    ];

    /// <summary>A step.</summary>
    public static KeySet<StepDraft> Step { get; } = new(
        "step", "a step", "A node of the pipeline: a script, a command, or a template that is used. Its key is its name.", Body)
    { ExactlyOneOf = Actions, Beside = ("uses", FetchPolicy.Word) };

    /// <summary>A template.</summary>
    public static KeySet<StepDraft> Template { get; } = new(
        "template", "a template", "The body of a step with parameters; steps use it with `uses` and `with`, and may replace every key but the command.",
        [
            new Key<StepDraft, List<Named<Parameter>>>(
                "params", "The template's parameters: `params` in its expressions means these and not the pipeline's.",
                new NamedKind<Parameter>(NameRule.Parameter, ParameterKind.Instance, "a mapping of parameters", "{ target: linux }"), static (d, v, _) => d.Parameters = v),
            .. Body,
        ])
    { ExactlyOneOf = Actions, Beside = ("uses", FetchPolicy.Word) };

    /// <summary>The defaults.</summary>
    public static KeySet<StepDraft> Defaults { get; } = new(
        "defaults", "`defaults`", "Values for steps of this file that do not set a key themselves.",
        [Timeout, Retries, Cache, Shell, Environment, WorkingDirectory, Isolation, Toolchain, Network, StepLimits, Strict, Deterministic, AllowFailure]);

    // Not a template: so nothing is laid under the step.
    private static void Use(StepDraft draft, NameUse use)
    {
        if (use.Text is FetchPolicy.Word)
        {
            draft.Fetch = use.Span;
        }
        else if (use.Text is StepAction.Bundle.Word)
        {
            draft.Bundle = use.Span;
        }
        else
        {
            draft.Uses = use;
        }
    }
}

/// <summary><c>reports</c> while it is read.</summary>
internal sealed class ReportsDraft
{
    public static ObjectKind<ReportsDraft> Kind { get; } = new(
        new KeySet<ReportsDraft>(
            "reports", "`reports`", "Files whose content is shown with the run.",
            [
                new Key<ReportsDraft, ImmutableArray<Template>>("junit", "Globs of JUnit XML files.", new GlobsKind(ExpressionRole.Report, "build/report.xml"), static (d, v, _) => d.JUnit = v) { Required = true },
            ]),
        "{ junit: build/report.xml }", static (_, _) => new ReportsDraft());

    public ImmutableArray<Template> JUnit { get; set; } = [];
}

/// <summary>A step, a template or the defaults as a kind of value; remembers where its expressions belong.</summary>
internal sealed class StepKind(StepRole role, KeySet<StepDraft> keys, string example) : Kind<StepDraft>
{
    public override string Expected => "a mapping";

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out StepDraft value)
    {
        value = null;
        if (node is not MappingNode mapping)
        {
            // A script alone is what people mean most often.
            return node is ScalarNode { Type: ScalarType.String, Text: var text } && role == StepRole.Step && !text.Contains('\n', StringComparison.Ordinal)
                ? binder.WrongType(node, "a mapping", $"{{ run: {text} }}")
                : binder.WrongType(node, this);
        }

        value = new StepDraft { Role = role, File = role == StepRole.Defaults ? null : binder.File };
        var site = binder.Site;
        binder.Site = value;
        keys.Read(binder, mapping, value, ObjectKind<StepDraft>.Start(node.Span));
        binder.Site = site;
        return true;
    }

    public override void WriteSchema(Reference.SchemaWriter schema) => schema.Reference(keys);
}
