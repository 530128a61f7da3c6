using System.Collections.Immutable;
using System.Text.RegularExpressions;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Core.Toolchains.Debian;

namespace Cairn.Engine.Projects.Templates;

/// <summary>A value that a template takes beside the name, the kind and the licence.</summary>
/// <param name="Name">Its name, which placeholders use.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Default">What holds where it is not given, placeholders filled in; null where it must be given.</param>
/// <param name="Pattern">What all of a value must match, as a regular expression; null for anything on one line.</param>
public sealed record TemplateParameter(string Name, string Description, string? Default, Regex? Pattern);

/// <summary>What <c>template.yaml</c> says.</summary>
/// <param name="Description">One line.</param>
/// <param name="Kinds">The kinds of project it makes, the usual one first; none where it makes one thing only.</param>
/// <param name="Programs">What a machine needs to run its pipeline, where that uses the machine's programs.</param>
/// <param name="Packages">The packages of Debian that have these; none where its pipeline always uses the machine's programs.</param>
/// <param name="Reserved">Names that a project must not have.</param>
/// <param name="Parameters">Further values.</param>
public sealed record TemplateManifest(
    string Description,
    ImmutableArray<string> Kinds,
    ImmutableArray<string> Programs,
    ImmutableArray<string> Packages,
    ImmutableArray<string> Reserved,
    ImmutableArray<TemplateParameter> Parameters)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "template.yaml";

    private static readonly string[] Keys = ["description", "kinds", "programs", "packages", "reserved", "parameters"];
    private static readonly string[] ParameterKeys = ["description", "default", "pattern"];
    private static readonly string[] KnownKinds = ["app", "lib", "service"];

    /// <summary>The values that every template has.</summary>
    internal static ImmutableArray<string> OwnValues { get; } = ["author", "kind", "license", "name", "packages", "suite", "year"];

    /// <summary>Reads one, collecting every mistake; null after an error.</summary>
    public static TemplateManifest? Read(SourceText source, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(diagnostics);
        if (YamlReader.Read(source, diagnostics) is not { } root)
        {
            return null;
        }

        var reader = new Reader(diagnostics);
        var manifest = reader.Manifest(root);
        return diagnostics.HasErrors ? null : manifest;
    }

    private sealed class Reader(DiagnosticBag diagnostics)
    {
        public TemplateManifest? Manifest(Node root)
        {
            if (root is not MappingNode mapping)
            {
                Bad(root, $"`{FileName}` is a mapping, not {root.KindName}", "write `description: …`");
                return null;
            }

            var description = "";
            ImmutableArray<string> kinds = [], programs = [], packages = [], reserved = [];
            ImmutableArray<TemplateParameter> parameters = [];
            foreach (var (key, value) in mapping.Entries)
            {
                switch (key.Text)
                {
                    case "description":
                        description = Text(key, value);
                        break;
                    case "kinds":
                        kinds = Kinds(key, value);
                        break;
                    case "programs":
                        programs = List(key, value);
                        break;
                    case "packages":
                        packages = Packages(key, value);
                        break;
                    case "reserved":
                        reserved = List(key, value);
                        break;
                    case "parameters":
                        parameters = Parameters(key, value);
                        break;
                    default:
                        Unknown(key, "a template", Keys);
                        break;
                }
            }

            if (description.Length == 0)
            {
                Bad(root, "A template has a `description`", "write `description: A small program in …`");
            }

            return new TemplateManifest(description, kinds, programs, packages, reserved, parameters);
        }

        private ImmutableArray<string> Kinds(ScalarNode key, Node value)
        {
            var kinds = List(key, value);
            foreach (var kind in kinds)
            {
                if (Array.IndexOf(KnownKinds, kind) < 0)
                {
                    Bad(value, $"`{kind}` is not a kind of project", Suggestions.Nearest(kind, KnownKinds) is { } near ? $"did you mean `{near}`?" : "there are app, lib and service");
                }
            }

            return kinds;
        }

        private ImmutableArray<string> Packages(ScalarNode key, Node value)
        {
            var packages = List(key, value);
            foreach (var package in packages)
            {
                if (!PackageName.IsValid(package))
                {
                    Bad(value, $"`{package}` is not the name of a package", "names have small letters, digits, `+`, `-` and `.`");
                }
            }

            return packages;
        }

        private ImmutableArray<TemplateParameter> Parameters(ScalarNode key, Node value)
        {
            if (value is not MappingNode mapping)
            {
                Bad(value, $"`{key.Text}` takes a mapping, not {value.KindName}", "write `parameters: { group: { description: … } }`");
                return [];
            }

            var parameters = ImmutableArray.CreateBuilder<TemplateParameter>();
            foreach (var (name, node) in mapping.Entries)
            {
                if (!IsParameterName(name.Text) || OwnValues.Contains(name.Text, StringComparer.Ordinal))
                {
                    Bad(name, OwnValues.Contains(name.Text, StringComparer.Ordinal) ? $"Every template has a value `{name.Text}`" : $"`{name.Text}` is not the name of a parameter", "take small letters, digits and `_`, and another name");
                }
                else if (node is MappingNode body)
                {
                    parameters.Add(Parameter(name, body));
                }
                else
                {
                    Bad(node, $"A parameter is a mapping, not {node.KindName}", "write `{ description: …, default: … }`");
                }
            }

            return parameters.DrainToImmutable();
        }

        private TemplateParameter Parameter(ScalarNode name, MappingNode body)
        {
            var description = "";
            string? standard = null;
            Regex? pattern = null;
            foreach (var (key, value) in body.Entries)
            {
                switch (key.Text)
                {
                    case "description":
                        description = Text(key, value);
                        break;
                    case "default":
                        standard = Text(key, value);
                        break;
                    case "pattern":
                        pattern = Pattern(value, Text(key, value));
                        break;
                    default:
                        Unknown(key, "a parameter of a template", ParameterKeys);
                        break;
                }
            }

            if (description.Length == 0)
            {
                Bad(name, $"The parameter `{name.Text}` has no `description`", "say what it is for");
            }

            return new TemplateParameter(name.Text, description, standard, pattern);
        }

        private Regex? Pattern(Node node, string pattern)
        {
            try
            {
                // A template may come from anywhere: no pattern takes longer than its text is long.
                return new Regex($@"\A(?:{pattern})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
            }
            catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
            {
                Bad(node, $"`{pattern}` is not a regular expression that can be used here", "take one without back references and look-arounds");
                return null;
            }
        }

        private string Text(ScalarNode key, Node value)
        {
            if (value is ScalarNode { Type: not ScalarType.Null } scalar && !scalar.Text.AsSpan().ContainsAnyInRange('\0', '\u001f'))
            {
                return scalar.Text;
            }

            Bad(value, $"`{key.Text}` takes a text of one line, not {value.KindName}", suggestion: null);
            return "";
        }

        private ImmutableArray<string> List(ScalarNode key, Node value)
        {
            if (value is not SequenceNode list)
            {
                Bad(value, $"`{key.Text}` takes a list, not {value.KindName}", $"write `{key.Text}: [a, b]`");
                return [];
            }

            var items = ImmutableArray.CreateBuilder<string>(list.Items.Length);
            foreach (var item in list.Items)
            {
                items.Add(item is ScalarNode scalar ? scalar.Text : Text(key, item));
            }

            return items.MoveToImmutable();
        }

        private static bool IsParameterName(string text)
        {
            foreach (var c in text)
            {
                if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '_')
                {
                    return false;
                }
            }

            return text.Length > 0;
        }

        private void Unknown(ScalarNode key, string of, string[] known) => diagnostics.Error(
            DiagnosticCodes.TemplateUnknownKey, $"`{key.Text}` is not a key of {of}", key.Span,
            Suggestions.Nearest(key.Text, known) is { } near ? $"did you mean `{near}`?" : $"there are {string.Join(", ", known)}");

        private void Bad(Node node, string message, string? suggestion) => diagnostics.Error(DiagnosticCodes.TemplateBadValue, message, node.Span, suggestion);
    }
}
