using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Language.Model;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>The keys at the top of a file.</summary>
internal static class PipelineKeys
{
    private static readonly Key<FileDraft, int> Version = new(
        "version", "The version of the language: `1`.", new DocumentVersionKind("the language"), static (_, _, _) => { })
    { Required = true };

    private static readonly Key<FileDraft, int> OptionalVersion = new(
        "version", "The version of the language: `1`.", new DocumentVersionKind("the language"), static (_, _, _) => { });

    private static readonly Key<FileDraft, string> Description = new(
        "description", "What the file is for.", new TextKind("a text", "Builds the library"), static (d, v, _) => d.Description = v);

    private static readonly Key<FileDraft, ImmutableArray<NameUse>> Include = new(
        "include", "Files whose parameters, variables, secrets, services, templates and steps join this pipeline. Paths are relative to the file that includes.",
        new ListKind<NameUse>(new IncludeKind(), "the path of a file or a list of paths", "[ci/build.yaml]"), static (d, v, _) => d.Include.AddRange(v));

    private static readonly Key<FileDraft, List<Named<StepDraft>>> Templates = new(
        "templates", "Bodies of steps with parameters, for `uses`.",
        new NamedKind<StepDraft>(NameRule.Template, new StepKind(StepRole.Template, StepKeys.Template, "{ run: make }"), "a mapping of templates", "{ compile: { run: make } }"), static (d, v, _) => d.Templates = v);

    private static readonly Key<FileDraft, List<Named<Parameter>>> Parameters = new(
        "params", "Values that a caller may give with `--param name=value`: a default alone, or a mapping.",
        new NamedKind<Parameter>(NameRule.Parameter, ParameterKind.Instance, "a mapping of parameters", "{ prefix: /usr/local }"), static (d, v, _) => d.Parameters = v);

    private static readonly Key<FileDraft, ImmutableArray<EnvironmentEntry>> Environment = new(
        "env", "Variables of every step.", EnvironmentKind.Instance, static (d, v, _) => d.Environment = v);

    private static readonly Key<FileDraft, List<Named<SecretSource>>> Secrets = new(
        "secrets", "Secrets by name. A step gets one through `env: { TOKEN: \"${{ secrets.name }}\" }`.",
        new NamedKind<SecretSource>(NameRule.Secret, SecretKind.Instance, "a mapping of secrets", "{ token: { env: NPM_TOKEN } }"), static (d, v, _) => d.Secrets = v);

    private static readonly Key<FileDraft, List<Named<ToolchainSource>>> Toolchains = new(
        "toolchains", "Programs for sandboxed steps by name. A step gets one through `toolchain: name`, and sees nothing of the machine's own.",
        new NamedKind<ToolchainSource>(NameRule.Toolchain, ToolchainKind.Instance, "a mapping of toolchains", "{ cc: { debian: bookworm, packages: [gcc, libc6-dev, make] } }"), static (d, v, _) => d.Toolchains = v);

    private static readonly Key<FileDraft, StepDraft> Defaults = new(
        "defaults", "Values for steps of this file that do not set a key themselves.",
        new StepKind(StepRole.Defaults, StepKeys.Defaults, "{ timeout: 10m }"), static (d, v, _) => d.Defaults = v);

    private static readonly Key<FileDraft, List<Named<ServiceDraft>>> Services = new(
        "services", "Commands that run in the background while steps need them.",
        new NamedKind<ServiceDraft>(NameRule.Service, ServiceKind.Instance, "a mapping of services", "{ cache: { command: [redis-server] } }"), static (d, v, _) => d.Services = v);

    private static readonly StepKind StepKind = new(StepRole.Step, StepKeys.Step, "{ run: make }");

    private static readonly Key<FileDraft, List<Named<StepDraft>>> Steps = new(
        "steps", "The steps by name.",
        new NamedKind<StepDraft>(NameRule.Step, StepKind, "a mapping of steps", "{ build: { run: make } }", allowEmpty: false), static (d, v, _) => d.Steps = v)
    { Required = true };

    private static readonly Key<FileDraft, List<Named<StepDraft>>> OptionalSteps = new(
        "steps", "The steps by name.",
        new NamedKind<StepDraft>(NameRule.Step, StepKind, "a mapping of steps", "{ build: { run: make } }"), static (d, v, _) => d.Steps = v);

    /// <summary>The pipeline file.</summary>
    public static KeySet<FileDraft> Pipeline { get; } = new(
        "pipeline", "a pipeline", "A pipeline file: `cairn.yaml`. Keys at the top that begin with `x-` are ignored, for anchors.",
        [
            Version,
            new Key<FileDraft, string>("name", "What the pipeline is called.", new TextKind("a text", "zlib"), static (d, v, _) => d.PipelineName = v) { Default = "the name of the project's folder" },
            Description, Include, Parameters, Environment, Secrets, Toolchains, Defaults,
            new Key<FileDraft, ConcurrencyDraft>("concurrency", "Limits of the whole run.", ConcurrencyKeys.Kind, static (d, v, _) => d.Concurrency = v),
            Services, Templates, Steps,
        ])
    { HasExtensions = true };

    /// <summary>An included file.</summary>
    public static KeySet<FileDraft> Included { get; } = new(
        "included", "an included file", "A file that `include` names.",
        [OptionalVersion, Description, Include, Parameters, Environment, Secrets, Toolchains, Defaults, Services, Templates, OptionalSteps])
    { HasExtensions = true };

    /// <summary>A file that a step generated.</summary>
    public static KeySet<FileDraft> Generated { get; } = new(
        "generated", "a generated pipeline", "A file that a step with `generates` wrote.",
        [Version, Description, Include, Environment, Defaults, Templates, OptionalSteps])
    { HasExtensions = true };

    private sealed class IncludeKind : Kind<NameUse>
    {
        private static readonly ObjectKind<Draft> Object = new(
            new KeySet<Draft>("include", "`include`", "A file to include.", [new Key<Draft, NameUse>("file", "Its path, relative to the file that includes.", new PathTextKind(), static (d, v, _) => d.File = v) { Required = true }]),
            "{ file: ci/build.yaml }", static (_, _) => new Draft());

        private static readonly PathTextKind Path = new();

        public override bool TakesMapping => true;

        public override string Expected => "the path of a file";

        public override string Example => "ci/build.yaml";

        public override bool TryRead(Binder binder, Node node, out NameUse value)
        {
            if (node is not MappingNode)
            {
                return Path.TryRead(binder, node, out value);
            }

            var isGood = Object.TryRead(binder, node, out var draft);
            value = draft?.File ?? default;
            return isGood && value.Text is not null;
        }

        public override void WriteSchema(SchemaWriter schema) => schema.AnyOf(Path.WriteSchema, Object.WriteSchema);

        private sealed class Draft
        {
            public NameUse File { get; set; }
        }
    }

    private sealed class PathTextKind : Kind<NameUse>
    {
        public override string Expected => "the path of a file";

        public override string Example => "ci/build.yaml";

        public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out NameUse value)
        {
            value = node is ScalarNode scalar ? new NameUse(scalar.Text, scalar.Span) : default;
            return node is ScalarNode { Type: ScalarType.String, Text.Length: > 0 } || binder.WrongType(node, this);
        }

        public override void WriteSchema(SchemaWriter schema)
        {
            schema.Type("string");
            schema.Member("minLength", 1);
        }
    }
}
