using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Binding;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Language.Checks;

/// <summary>Warns of scripts that do something else than they seem to.</summary>
internal sealed class ScriptLint(NamedTable<Parameter> parameters, DiagnosticBag diagnostics)
{
    private readonly HashSet<(string Code, SourceSpan Span)> _reported = [];

    /// <summary>Warns where text that others control becomes part of a script.</summary>
    public void CheckSubstitution(StepDraft draft, ExpressionReference reference, MatrixDefinition? matrix, Parameter? parameter) =>
        CheckSubstitution(draft.Shell ?? draft.File?.Defaults.Shell, reference, matrix, parameter);

    /// <summary>Warns where text that others control becomes part of a script.</summary>
    public void CheckSubstitution(ImmutableArray<string>? shell, ExpressionReference reference, MatrixDefinition? matrix, Parameter? parameter)
    {
        if (!IsUntrusted(reference, parameter, matrix) || !_reported.Add((DiagnosticCodes.UntrustedScript, reference.Span)))
        {
            return;
        }

        var source = reference.Path.IsEmpty ? reference.Root : $"{reference.Root}.{string.Join('.', reference.Path)}";
        var variable = Names.ToVariable(reference.Path.IsEmpty ? reference.Root : reference.Path[^1]);
        diagnostics.Warning(
            DiagnosticCodes.UntrustedScript, $"`{source}` becomes part of the script: whoever controls its text can run commands", reference.Span,
            $"Pass it as a variable: `env: {{ {variable}: \"${{{{ {source} }}}}\" }}`, and read `{Read(shell, variable)}` in the script");
    }

    /// <summary>Warns of a first line that the shell takes for a comment.</summary>
    public void CheckScript(StepDraft draft)
    {
        if (draft.Run is not { } run || !run.Source.StartsWith("#!", StringComparison.Ordinal) || !_reported.Add((DiagnosticCodes.IgnoredInterpreter, run.Span)))
        {
            return;
        }

        var line = run.Source.AsSpan(2);
        line = (line.IndexOf('\n') is var end and >= 0 ? line[..end] : line).Trim();
        var program = line.ToString().Split([' ', '/'], StringSplitOptions.RemoveEmptyEntries) is [.., var last] ? last : "sh";
        var shell = program is "sh" or "bash" or "dash" or "zsh" or "python3" or "node" or "perl" ? program : program is "python" ? "python3" : $"[{program}, -c]";
        diagnostics.Warning(DiagnosticCodes.IgnoredInterpreter, $"`#!{line}` is a comment here: `shell` says what runs the script", run.Span, $"Write `shell: {shell}` and remove the line");
    }

    private bool IsUntrusted(ExpressionReference reference, Parameter? parameter, MatrixDefinition? matrix)
    {
        var member = reference.Path.IsEmpty ? null : reference.Path[0];
        return reference.Root switch
        {
            "git" => member is null or "branch" or "tag" or "message" or "author",
            "params" => member is null || parameter is { Allowed.IsEmpty: true, Type: ParameterType.String or ParameterType.List },
            "steps" => reference.Path.Length < 2 || reference.Path[1] is "outputs",
            "matrix" => matrix is not null && HasUntrusted(matrix, member),
            _ => false,
        };
    }

    // A value that is computed from a matrix axis of constants is the author's own.
    private bool HasUntrusted(MatrixDefinition matrix, string? member)
    {
        foreach (var axis in matrix.Axes)
        {
            if ((member is null || string.Equals(axis.Name, member, StringComparison.Ordinal)) && (IsUntrusted(axis.Computed) || axis.Values.Any(v => IsUntrusted(v.Computed))))
            {
                return true;
            }
        }

        foreach (var row in matrix.Include)
        {
            foreach (var (name, value) in row.Values)
            {
                if ((member is null || string.Equals(name, member, StringComparison.Ordinal)) && IsUntrusted(value.Computed))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // The matrix of a resolved step reads the pipeline's parameters only: those of templates are expanded already.
    private bool IsUntrusted(Template? template) => template is not null
        && template.Expressions.Any(e => e.References.Any(r => IsUntrusted(r, r.Root is "params" && !r.Path.IsEmpty ? parameters.Find(r.Path[0])?.Value : null, matrix: null)));

    private static string Read(ImmutableArray<string>? shell, string variable) => (shell is { IsEmpty: false } known ? known[0] : "sh") switch
    {
        "python3" => $"os.environ[\"{variable}\"]",
        "node" => $"process.env.{variable}",
        "perl" => $"$ENV{{{variable}}}",
        _ => $"\"${variable}\"",
    };
}
