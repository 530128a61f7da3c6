using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>The keys of a service.</summary>
internal sealed class ServiceKind : Kind<ServiceDraft>
{
    private static readonly KeySet<ReadinessDraft> Ready = new(
        "ready", "`ready`", "How to tell that a service is ready.",
        [
            new Key<ReadinessDraft, string>("run", "A shell command that exits 0 once the service is ready; it has the service's variables.", new PlainTextKind("a script without expressions", "pg_isready"), static (d, v, _) => d.Check = new ReadinessCheck.Script(v)),
            new Key<ReadinessDraft, int>("tcp", "A port that accepts connections where the service runs.", new IntegerKind("a port", 1, 65_535, "5432"), static (d, v, _) => d.Check = new ReadinessCheck.Tcp(v)),
            new Key<ReadinessDraft, Uri>("http", "A URL that answers 2xx or 3xx.", new UrlKind(), static (d, v, _) => d.Check = new ReadinessCheck.Http(v)),
            new Key<ReadinessDraft, string>("output", "A text that the service writes once it is ready.", new PlainTextKind("a text without expressions", "listening on"), static (d, v, _) => d.Check = new ReadinessCheck.Output(v)),
            new Key<ReadinessDraft, TimeSpan>("interval", "The time between two looks.", new DurationKind("250ms"), static (d, v, _) => d.Interval = v) { Default = "250ms" },
            new Key<ReadinessDraft, TimeSpan>("timeout", "The longest time until it is ready; then the steps that use it fail.", new DurationKind("60s"), static (d, v, _) => d.Timeout = v) { Default = "60s" },
        ])
    { ExactlyOneOf = ["run", "tcp", "http", "output"] };

    private static readonly KeySet<ServiceDraft> Keys = new(
        "service", "a service", "A command that runs in the background while steps that name it in `services` run: started before the first, stopped after the last.",
        [
            new Key<ServiceDraft, Template>("run", "A script for the `shell`.", new TemplateKind(ExpressionRole.Script, "a script", "exec ./server --port 8080"), static (d, v, _) => d.Run = v),
            new Key<ServiceDraft, ImmutableArray<Template>>(
                "command", "A program and its arguments, run without a shell.",
                new ListKind<Template>(new TemplateKind(ExpressionRole.Command, "a program or an argument", "redis-server"), "a list of program and arguments", "[redis-server, --port, \"6380\"]", single: false, allowEmpty: false),
                static (d, v, _) => d.Command = v),
            new Key<ServiceDraft, ImmutableArray<string>>("shell", "What runs the script; see the key of the same name of a step.", ShellKind.Instance, static (d, v, e) => (d.Shell, d.ShellKey) = (v, e.Key.Span)) { Default = "sh" },
            new Key<ServiceDraft, ImmutableArray<EnvironmentEntry>>("env", "Variables of the command.", EnvironmentKind.Instance, static (d, v, _) => d.Environment = v),
            new Key<ServiceDraft, Template>("working_directory", "The folder in which the command starts, relative to the project.", new PathKind(ExpressionRole.Folder, "a folder of the project", "server"), static (d, v, _) => d.WorkingDirectory = v) { Default = "the project's folder" },
            new Key<ServiceDraft, ReadinessDraft>("ready", "How to tell that it is ready. Left out, it counts as ready as soon as it runs.", new ObjectKind<ReadinessDraft>(Ready, "{ tcp: 5432 }", static (_, _) => new ReadinessDraft()), static (d, v, _) => d.Ready = v),
            new Key<ServiceDraft, TimeSpan>("stop_grace", "The time from SIGTERM to SIGKILL when it is stopped.", new DurationKind("10s"), static (d, v, _) => d.StopGrace = v) { Default = "10s" },
        ])
    { ExactlyOneOf = ["run", "command"] };

    public static ServiceKind Instance { get; } = new();

    public override string Expected => "a mapping";

    public override string Example => "{ command: [redis-server], ready: { tcp: 6379 } }";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out ServiceDraft value)
    {
        value = null;
        if (node is not MappingNode mapping)
        {
            return binder.WrongType(node, this);
        }

        value = new ServiceDraft();
        var site = binder.Site;
        binder.Site = value;
        Keys.Read(binder, mapping, value, ObjectKind<ServiceDraft>.Start(node.Span));
        binder.Site = site;
        return value is not { Shell: not null, Run: null, Command: not null }
            || binder.Invalid(DiagnosticCodes.KeyConflict, "`shell` is for `run`; `command` runs without a shell", value.ShellKey, "Remove `shell`, or write a script in `run`");
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Reference(Keys);

    private sealed class PlainTextKind(string expected, string example) : Kind<string>
    {
        public override string Expected => expected;

        public override string Example => example;

        public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out string value)
        {
            value = (node as ScalarNode)?.Text;
            if (node is not ScalarNode { Type: not ScalarType.Null, Text.Length: > 0 })
            {
                return binder.WrongType(node, this);
            }

            return !value!.Contains("${{", StringComparison.Ordinal)
                || binder.Invalid(DiagnosticCodes.InvalidValue, $"`{binder.CurrentKey}` of `ready` takes no expressions", node.Span, "Give the value to the service in `env` and read the variable");
        }

        public override void WriteSchema(SchemaWriter schema)
        {
            schema.Type("string");
            schema.Member("minLength", 1);
        }
    }

    private sealed class UrlKind : Kind<Uri>
    {
        public override string Expected => "a URL";

        public override string Example => "http://localhost:8080/health";

        public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out Uri value)
        {
            value = null;
            if (node is not ScalarNode { Type: ScalarType.String } scalar)
            {
                return binder.WrongType(node, this);
            }

            return (Uri.TryCreate(scalar.Text, UriKind.Absolute, out value) && value.Scheme is "http" or "https")
                || binder.Invalid(DiagnosticCodes.InvalidValue, $"`{scalar.Text}` is not a URL of `http` or `https`", node.Span, $"For example `http: {Example}`");
        }

        public override void WriteSchema(SchemaWriter schema)
        {
            schema.Type("string");
            schema.Member("pattern", "^https?://");
        }
    }
}

/// <summary>Where a secret comes from: exactly one of <c>env</c>, <c>file</c> and <c>command</c>.</summary>
internal sealed class SecretKind : Kind<SecretSource>
{
    private static readonly KeySet<Draft> Keys = new(
        "secret", "a secret", "A value that is masked in all output, and where it comes from. It is read when the first job that uses it starts.",
        [
            new Key<Draft, string>("env", "A variable of the environment in which `cairn` was called.", new TextKind("the name of a variable", "NPM_TOKEN", Names.VariablePattern), static (d, v, _) => d.Source = new SecretSource.Variable(v)),
            new Key<Draft, string>("file", "A file; one newline at its end is dropped. `~/` is the caller's home.", new TextKind("the path of a file", "~/.config/npm/token"), static (d, v, _) => d.Source = new SecretSource.File(v)),
            new Key<Draft, ImmutableArray<string>>(
                "command", "A program with arguments whose output is the secret; one newline at its end is dropped.",
                new ListKind<string>(new TextKind("a program or an argument", "pass"), "a list of program and arguments", "[pass, show, npm]", single: false, allowEmpty: false), static (d, v, _) => d.Source = new SecretSource.Command(v)),
        ])
    { ExactlyOneOf = ["env", "file", "command"] };

    private static readonly ObjectKind<Draft> Object = new(Keys, "{ env: NPM_TOKEN }", static (_, _) => new Draft());

    public static SecretKind Instance { get; } = new();

    public override string Expected => "a mapping that says where the secret comes from";

    public override string Example => "{ env: NPM_TOKEN }";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out SecretSource value)
    {
        value = null;
        if (node is not MappingNode)
        {
            // Never shows the value: somebody may have written the secret itself.
            return binder.Invalid(DiagnosticCodes.WrongType, $"Secret `{binder.CurrentKey}` takes a mapping that says where it comes from, not its value", node.Span, $"For example `{binder.CurrentKey}: {Example}`");
        }

        if (!Object.TryRead(binder, node, out var draft) || draft.Source is null)
        {
            return false;
        }

        value = draft.Source;
        return value is not SecretSource.Variable { Name: var name } || Names.IsVariable(name)
            || binder.Invalid(DiagnosticCodes.InvalidVariableName, $"`{name}` cannot be the name of a variable", node.Span, "Names begin with a letter or `_`, then letters, digits and `_`");
    }

    public override void WriteSchema(SchemaWriter schema) => Object.WriteSchema(schema);

    private sealed class Draft
    {
        public SecretSource? Source { get; set; }
    }
}
