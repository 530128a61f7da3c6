using System.Text;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Language.Checks;

/// <summary>Who needs whom: unknown and doubtful names, circles, and what a step may read.</summary>
internal sealed class NeedsGraph
{
    private const int CycleStepsShownMax = 50;

    private readonly DiagnosticBag _diagnostics;
    private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private readonly List<List<(int Step, SourceSpan Span)>> _edges = [];

    /// <summary>Builds the graph and adds the mistakes of its names.</summary>
    public NeedsGraph(List<ResolvedStep> steps, Definitions definitions, DiagnosticBag diagnostics)
    {
        _diagnostics = diagnostics;
        if (definitions.Existing is { } existing)
        {
            foreach (var step in existing.Steps)
            {
                AddNode(step.Name.Value);
            }

            foreach (var step in existing.Steps)
            {
                foreach (var need in step.Needs)
                {
                    _edges[_indices[step.Name.Value]].Add((_indices[need.Name.Value], need.Span));
                }
            }
        }

        // Also steps that could not be read have their names.
        foreach (var name in definitions.Steps.Names)
        {
            AddNode(name);
        }

        foreach (var step in steps)
        {
            AddEdges(step);
            CheckServices(step, definitions);
        }
    }

    /// <summary>The names of all steps.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>Whether a step of this name exists.</summary>
    public bool Has(string name) => _indices.ContainsKey(name);

    /// <summary>Whether a step needs another, directly or through others.</summary>
    public bool Reaches(string from, string to)
    {
        var target = _indices[to];
        var seen = new HashSet<int>();
        var open = new Stack<int>();
        open.Push(_indices[from]);
        while (open.TryPop(out var step))
        {
            foreach (var (need, _) in _edges[step])
            {
                if (need == target)
                {
                    return true;
                }

                if (seen.Add(need))
                {
                    open.Push(need);
                }
            }
        }

        return false;
    }

    /// <summary>Adds one mistake for each knot of steps that need each other, with a shortest circle printed in full.</summary>
    public void CheckCircles()
    {
        // Steps that can be taken away one after another, because all that they need is taken away, are in no circle.
        var waits = new int[_names.Count];
        var users = new List<int>[_names.Count];
        var ready = new Stack<int>();
        for (var i = 0; i < waits.Length; i++)
        {
            users[i] = [];
        }

        for (var i = 0; i < waits.Length; i++)
        {
            waits[i] = _edges[i].Count;
            foreach (var (need, _) in _edges[i])
            {
                users[need].Add(i);
            }

            if (waits[i] == 0)
            {
                ready.Push(i);
            }
        }

        while (ready.TryPop(out var step))
        {
            foreach (var user in users[step])
            {
                if (--waits[user] == 0)
                {
                    ready.Push(user);
                }
            }
        }

        var reported = new bool[waits.Length];
        for (var i = 0; i < waits.Length; i++)
        {
            if (waits[i] > 0 && !reported[i] && ShortestCircle(i) is { } circle)
            {
                Report(circle);
                MarkKnot(i, users, reported);
            }
        }
    }

    private void AddNode(string name)
    {
        if (_indices.TryAdd(name, _names.Count))
        {
            _names.Add(name);
            _edges.Add([]);
        }
    }

    private void AddEdges(ResolvedStep step)
    {
        var from = _indices[step.Name];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var need in step.Needs)
        {
            if (!seen.Add(need.Text))
            {
                _diagnostics.Error(DiagnosticCodes.DuplicateName, $"`{need.Text}` stands twice in `needs`", need.Span, "Remove one of them");
            }
            else if (!_indices.TryGetValue(need.Text, out var to))
            {
                _diagnostics.Error(
                    DiagnosticCodes.UnknownStep, $"There is no step `{need.Text}`", need.Span,
                    Suggestions.Nearest(need.Text, Others(step.Name)) is { } nearest ? $"Did you mean `{nearest}`?" : "Name a step of this pipeline, or remove it from `needs`");
            }
            else if (to == from)
            {
                _diagnostics.Error(DiagnosticCodes.SelfNeed, $"Step `{step.Name}` needs itself", need.Span, "Remove it from `needs`");
            }
            else
            {
                _edges[from].Add((to, need.Span));
            }
        }
    }

    private void CheckServices(ResolvedStep step, Definitions definitions)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var service in step.Services)
        {
            if (!seen.Add(service.Text))
            {
                _diagnostics.Error(DiagnosticCodes.DuplicateName, $"`{service.Text}` stands twice in `services`", service.Span, "Remove one of them");
            }
            else if (!definitions.Services.Has(service.Text) && !HasExisting(definitions, service.Text))
            {
                _diagnostics.Error(
                    DiagnosticCodes.UnknownService, $"There is no service `{service.Text}`", service.Span,
                    Suggestions.Nearest(service.Text, definitions.Services.Names) is { } nearest ? $"Did you mean `{nearest}`?" : "Define it in `services` at the top of the file");
            }
        }
    }

    private static bool HasExisting(Definitions definitions, string service)
    {
        foreach (var existing in definitions.Existing?.Services ?? [])
        {
            if (string.Equals(existing.Name.Value, service, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private IEnumerable<string> Others(string name)
    {
        foreach (var other in _names)
        {
            if (!string.Equals(other, name, StringComparison.Ordinal))
            {
                yield return other;
            }
        }
    }

    /// <summary>The steps of a shortest way from a step back to itself, or null where there is none.</summary>
    private List<int>? ShortestCircle(int start)
    {
        var cameFrom = new Dictionary<int, int>();
        var open = new Queue<int>();
        open.Enqueue(start);
        while (open.TryDequeue(out var step))
        {
            foreach (var (need, _) in _edges[step])
            {
                if (need == start)
                {
                    var circle = new List<int> { step };
                    while (circle[^1] != start)
                    {
                        circle.Add(cameFrom[circle[^1]]);
                    }

                    circle.Reverse();
                    return circle;
                }

                if (cameFrom.TryAdd(need, step))
                {
                    open.Enqueue(need);
                }
            }
        }

        return null;
    }

    /// <summary>Marks all steps that reach this one and are reached by it.</summary>
    private void MarkKnot(int start, List<int>[] users, bool[] marks)
    {
        var down = Closure(start, step => _edges[step].ConvertAll(static e => e.Step));
        foreach (var step in Closure(start, step => users[step]))
        {
            marks[step] |= down.Contains(step);
        }

        marks[start] = true;
    }

    private static HashSet<int> Closure(int start, Func<int, List<int>> next)
    {
        var seen = new HashSet<int> { start };
        var open = new Stack<int>();
        open.Push(start);
        while (open.TryPop(out var step))
        {
            foreach (var other in next(step))
            {
                if (seen.Add(other))
                {
                    open.Push(other);
                }
            }
        }

        return seen;
    }

    private void Report(List<int> circle)
    {
        var text = new StringBuilder();
        for (var i = 0; i < Math.Min(circle.Count, CycleStepsShownMax); i++)
        {
            text.Append(_names[circle[i]]).Append(" -> ");
        }

        if (circle.Count > CycleStepsShownMax)
        {
            text.Append($"({circle.Count - CycleStepsShownMax} more) -> ");
        }

        text.Append(_names[circle[0]]);
        var notes = new List<DiagnosticNote>();
        for (var i = 1; i < Math.Min(circle.Count, CycleStepsShownMax); i++)
        {
            var next = circle[(i + 1) % circle.Count];
            notes.Add(new DiagnosticNote($"`{_names[circle[i]]}` needs `{_names[next]}` here", SpanOf(circle[i], next)));
        }

        _diagnostics.Add(new Diagnostic(
            DiagnosticCodes.NeedCycle, DiagnosticSeverity.Error, $"Steps need each other in a circle: `{text}`", SpanOf(circle[0], circle[1 % circle.Count]),
            "Remove one of these needs")
        {
            Notes = [.. notes],
        });
    }

    private SourceSpan SpanOf(int from, int to)
    {
        foreach (var (step, span) in _edges[from])
        {
            if (step == to)
            {
                return span;
            }
        }

        return SourceSpan.None;
    }
}
