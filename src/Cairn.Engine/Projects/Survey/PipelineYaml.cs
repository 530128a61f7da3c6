using System.Text;

using Cairn.Core.Language.Model;

namespace Cairn.Engine.Projects.Survey;

/// <summary>Writes a draft as a pipeline file that a person goes on with.</summary>
public static class PipelineYaml
{
    private const int LineCharsMax = 120;

    /// <summary>The text of <c>cairn.yaml</c>.</summary>
    public static string Write(PipelineDraft draft)
    {
        ArgumentNullException.ThrowIfNull(draft);
        var text = new StringBuilder();
        text.Append("# Written by `cairn init` from what it found; it is yours now. `cairn run` runs it.\n");
        text.Append("#\n# Each step runs in a sandbox: it sees its `inputs` and what the steps in `needs` made, and has no network. What it makes and does\n");
        text.Append("# not name in `outputs` is dropped. When something is missing, the run says which line to add.\n");
        if (draft.Fetches)
        {
            text.Append("#\n# Steps that download say `uses: fetch`: they reach the `hosts` that they name, and what they bring is pinned in `cairn.lock`.\n");
            text.Append("# `cairn fetch` does that, now and when what they ask for has changed.\n");
        }

        foreach (var note in draft.Notes)
        {
            text.Append("#\n# Note: ").Append(note.ReplaceLineEndings(" ")).Append('\n');
        }

        text.Append("version: 1\nname: ").Append(Scalar(draft.Name)).Append("\n\n");
        var toolchains = draft.Toolchains;
        var shared = toolchains.Count == 1 && draft.Projects.All(p => p.Toolchain is not null) ? toolchains[0].Name : null;
        AppendToolchains(text, toolchains, shared, draft.Suite);
        text.Append("steps:\n");
        var names = StepNames.Of(draft.Projects);
        var first = true;
        foreach (var project in draft.Projects)
        {
            text.Append(first ? "" : "\n").Append("  # ").Append(project.Title.ReplaceLineEndings(" ")).Append('\n');
            first = false;
            foreach (var step in project.Steps)
            {
                AppendStep(text, project, step, names, shared is null ? project.Toolchain?.Name : null);
            }
        }

        return text.ToString();
    }

    private static void AppendToolchains(StringBuilder text, IReadOnlyList<DraftToolchain> toolchains, string? shared, string? suite)
    {
        if (toolchains.Count == 0)
        {
            return;
        }

        text.Append("# What steps run with: packages of Debian, which `cairn.lock` pins. `cairn toolchain update` takes those that the archive has now.\ntoolchains:\n");
        foreach (var toolchain in toolchains)
        {
            text.Append("  ").Append(toolchain.Name).Append(": { debian: ").Append(suite).Append(", packages: [").AppendJoin(", ", toolchain.Packages).Append("] }\n");
        }

        text.Append("defaults: { isolation: sandbox").Append(shared is null ? "" : ", toolchain: " + shared).Append(" }\n\n");
    }

    private static void AppendStep(StringBuilder text, FoundProject project, DraftStep step, StepNames names, string? toolchain)
    {
        text.Append("  ").Append(names[project, step.Name]).Append(":\n");
        Key(text, "description", step.Description is { } description ? Scalar(description) : null);
        Key(text, "toolchain", toolchain);
        foreach (var comment in step.Comments)
        {
            text.Append("    # ").Append(comment.ReplaceLineEndings(" ")).Append('\n');
        }

        Key(text, "uses", step.Hosts.Count > 0 ? FetchPolicy.Word : null);
        var needs = step.Needs.Select(n => names[project, n]).Concat(step.NeedsOf.Select(n => names[n.Project, n.Step])).Distinct(StringComparer.Ordinal).ToList();
        List(text, "needs", needs);
        Key(text, "working_directory", step.Folder.Length > 0 ? Scalar(step.Folder) : null);
        var lines = step.Script.TrimEnd('\n').Split('\n');
        if (lines.Length == 1)
        {
            Key(text, "run", Scalar(lines[0]));
        }
        else
        {
            text.Append("    run: |\n");
            foreach (var line in lines)
            {
                text.Append("      ").Append(line).Append('\n');
            }
        }

        if (step.Environment.Count > 0)
        {
            Key(text, "env", $"{{ {string.Join(", ", step.Environment.Select(e => $"{e.Name}: {Scalar(e.Value)}"))} }}");
        }

        List(text, "hosts", step.Hosts);
        Key(text, "network", step.Network ? "host" : null);
        if (step.Network)
        {
            Key(text, "retries", "{ max: 2, backoff: { initial: 2s } }");
        }

        List(text, "inputs", step.Inputs);
        List(text, "outputs", step.Outputs);
        if (step.Caches.Count > 0)
        {
            Key(text, "cache", $"{{ paths: {{ {string.Join(", ", step.Caches.Select(c => $"{c.Name}: {{ path: {c.Path}, shared: true }}"))} }} }}");
        }

        Key(text, "reports", step.JUnit is { } reports ? $"{{ junit: {Scalar(reports)} }}" : null);
    }

    private static void Key(StringBuilder text, string key, string? value)
    {
        if (value is not null)
        {
            text.Append("    ").Append(key).Append(": ").Append(value).Append('\n');
        }
    }

    private static void List(StringBuilder text, string key, IReadOnlyList<string> items)
    {
        if (items.Count == 0)
        {
            return;
        }

        var line = $"    {key}: [{string.Join(", ", items.Select(Scalar))}]";
        if (line.Length <= LineCharsMax)
        {
            text.Append(line).Append('\n');
            return;
        }

        text.Append("    ").Append(key).Append(":\n");
        foreach (var item in items)
        {
            text.Append("      - ").Append(Scalar(item)).Append('\n');
        }
    }

    /// <summary>A text as YAML: as it is where that can mean nothing else, also within brackets.</summary>
    internal static string Scalar(string value)
    {
        var plain = value.Length > 0 && (char.IsAsciiLetter(value[0]) || value[0] is '/' or '.' or '_') && value[^1] != ' ' && value is not ("true" or "false" or "null");
        for (var i = 0; plain && i < value.Length; i++)
        {
            plain = char.IsAsciiLetterOrDigit(value[i]) || value[i] is '.' or '/' or '_' or '-' or '+' or '~' or '=' || (value[i] == ' ' && i > 0 && value[i - 1] != ' ');
        }

        if (plain)
        {
            return value;
        }

        var text = new StringBuilder(value.Length + 2).Append('"');
        foreach (var c in value)
        {
            text.Append(c switch { '"' => "\\\"", '\\' => @"\\", '\t' => "\\t", < ' ' => $"\\x{(int)c:x2}", _ => c.ToString() });
        }

        return text.Append('"').ToString();
    }
}

/// <summary>Names for steps of several projects: what the step does, with the project's place in front where there is more than one project.</summary>
internal sealed class StepNames
{
    private const int CharsMax = 90;

    private readonly Dictionary<FoundProject, string> _prefixes = new(ReferenceEqualityComparer.Instance);

    /// <summary>The name of a project's step.</summary>
    public string this[FoundProject project, string step] => _prefixes[project] + step;

    public static StepNames Of(IReadOnlyList<FoundProject> projects)
    {
        var names = new StepNames();
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var project in projects)
        {
            var prefix = projects.Count == 1 && project.Label is null ? "" : Free(project, projects, taken);
            names._prefixes.Add(project, prefix);
        }

        return names;
    }

    private static string Free(FoundProject project, IReadOnlyList<FoundProject> projects, HashSet<string> taken)
    {
        var last = Paths.Name(project.Folder);
        var shared = projects.Any(p => !ReferenceEquals(p, project) && p.Folder == project.Folder);
        string[] candidates =
        [
            project.Label ?? (project.Folder.Length == 0 ? project.Language : last),
            shared ? $"{(project.Label ?? last)}-{project.Language}" : project.Folder,
            $"{project.Folder}-{project.Language}",
        ];
        foreach (var candidate in candidates)
        {
            if (Clean(candidate) is { Length: > 0 } name && taken.Add(name))
            {
                return name + "-";
            }
        }

        for (var i = 2; ; i++)
        {
            if (taken.Add($"{project.Language}{i}"))
            {
                return $"{project.Language}{i}-";
            }
        }
    }

    private static string Clean(string text)
    {
        var name = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (char.IsAsciiLetterOrDigit(c) || (name.Length > 0 && c is '_' or '.'))
            {
                name.Append(c);
            }
            else if (name.Length > 0 && name[^1] != '-')
            {
                name.Append('-');
            }
        }

        return (name.Length > CharsMax ? name.ToString(0, CharsMax) : name.ToString()).Trim('-');
    }
}
