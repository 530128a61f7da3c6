using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning;

/// <summary>One combination of a matrix.</summary>
internal readonly record struct MatrixCombination(string Key, Value.Map Values);

/// <summary>
/// Expands a matrix: all combinations of the axes in order, the last axis fastest; less those that a row of <c>exclude</c> matches in
/// all that it names; then each row of <c>include</c> in order adds its further values to every combination whose axes it does not
/// contradict, or becomes a combination of its own where there is none.
/// </summary>
internal sealed class MatrixExpansion
{
    private readonly Step _step;
    private readonly MatrixDefinition _matrix;
    private readonly EvaluationContext _context;
    private readonly DiagnosticBag _diagnostics;
    private readonly HashSet<string> _axisNames = new(StringComparer.Ordinal);

    private MatrixExpansion(Step step, MatrixDefinition matrix, EvaluationContext context, DiagnosticBag diagnostics)
    {
        _step = step;
        _matrix = matrix;
        _context = context;
        _diagnostics = diagnostics;
    }

    private int JobsMax => Math.Min(_matrix.MaxJobs, Limits.MatrixJobsMax);

    /// <summary>The combinations; null after mistakes, which are added.</summary>
    public static ImmutableArray<MatrixCombination>? Expand(Step step, MatrixDefinition matrix, EvaluationContext context, DiagnosticBag diagnostics) =>
        new MatrixExpansion(step, matrix, context, diagnostics).Expand();

    private ImmutableArray<MatrixCombination>? Expand()
    {
        var errors = _diagnostics.ErrorCount;
        var axes = new List<ImmutableArray<Value>>();
        foreach (var axis in _matrix.Axes)
        {
            _axisNames.Add(axis.Name);
            axes.Add(ValuesOf(axis));
        }

        var exclude = RowsOf(_matrix.Exclude);
        var include = RowsOf(_matrix.Include);
        if (_diagnostics.ErrorCount > errors || Combine(axes, exclude) is not { } combinations)
        {
            return null;
        }

        var fromAxes = combinations.Count;
        foreach (var row in include)
        {
            if (!Extend(combinations, fromAxes, row))
            {
                combinations.Add(row);
            }
        }

        if (combinations.Count > JobsMax)
        {
            TooLarge(combinations.Count);
            return null;
        }

        if (combinations.Count == 0)
        {
            _diagnostics.Warning(DiagnosticCodes.PlanMatrixEmpty, $"The matrix of `{_step.Name}` has no combination, so the step has no job", _matrix.Span);
        }

        return Name(combinations, fromAxes);
    }

    private ImmutableArray<Value> ValuesOf(MatrixAxis axis)
    {
        if (axis.Computed is { } computed)
        {
            var value = computed.Evaluate(_context, _diagnostics);
            if (value is not null and not Value.List)
            {
                _diagnostics.Error(DiagnosticCodes.PlanMatrixNotList, $"The axis `{axis.Name}` wants a list, not {ValueText.KindName(value)}", computed.Span,
                    value is Value.String ? "turn a text that holds JSON into a list with fromJson()" : null);
            }

            return (value as Value.List)?.Items ?? [];
        }

        var values = ImmutableArray.CreateBuilder<Value>(axis.Values.Length);
        foreach (var value in axis.Values)
        {
            values.Add(Evaluate(value));
        }

        return values.MoveToImmutable();
    }

    /// <summary>The value; null's value after a mistake, which stops the expansion later.</summary>
    private Value Evaluate(MatrixValue value) =>
        value.Computed is { } computed ? computed.Evaluate(_context, _diagnostics) ?? Value.Null.Instance : value.Constant;

    private List<List<KeyValuePair<string, Value>>> RowsOf(ImmutableArray<MatrixRow> rows)
    {
        var result = new List<List<KeyValuePair<string, Value>>>(rows.Length);
        foreach (var row in rows)
        {
            var values = new List<KeyValuePair<string, Value>>(row.Values.Length);
            foreach (var (name, value) in row.Values)
            {
                values.Add(new(name, Evaluate(value)));
            }

            result.Add(values);
        }

        return result;
    }

    private List<List<KeyValuePair<string, Value>>>? Combine(List<ImmutableArray<Value>> axes, List<List<KeyValuePair<string, Value>>> exclude)
    {
        var count = axes.Count == 0 ? 0L : 1L;
        foreach (var values in axes)
        {
            count *= values.Length;
            if (count > Limits.MatrixJobsMax)
            {
                TooLarge(count);
                return null;
            }
        }

        var combinations = new List<List<KeyValuePair<string, Value>>>((int)count);
        for (var number = 0; number < count; number++)
        {
            var combination = new List<KeyValuePair<string, Value>>(axes.Count);
            var rest = (int)count;
            var position = number;
            for (var axis = 0; axis < axes.Count; axis++)
            {
                rest /= axes[axis].Length;
                combination.Add(new(_matrix.Axes[axis].Name, axes[axis][position / rest]));
                position %= rest;
            }

            if (!exclude.Exists(row => Matches(combination, row)))
            {
                combinations.Add(combination);
            }
        }

        return combinations;
    }

    private static bool Matches(List<KeyValuePair<string, Value>> combination, List<KeyValuePair<string, Value>> row)
    {
        foreach (var (name, value) in row)
        {
            if (!value.Equals(Find(combination, name)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Adds a row's values to the combinations of the axes that agree with it; false where none does.</summary>
    private bool Extend(List<List<KeyValuePair<string, Value>>> combinations, int fromAxes, List<KeyValuePair<string, Value>> row)
    {
        var found = false;
        for (var i = 0; i < fromAxes; i++)
        {
            var combination = combinations[i];
            if (!row.TrueForAll(entry => !_axisNames.Contains(entry.Key) || entry.Value.Equals(Find(combination, entry.Key))))
            {
                continue;
            }

            found = true;
            foreach (var entry in row)
            {
                var at = combination.FindIndex(e => string.Equals(e.Key, entry.Key, StringComparison.Ordinal));
                if (at < 0)
                {
                    combination.Add(entry);
                }
                else
                {
                    combination[at] = entry;
                }
            }
        }

        return found;
    }

    private ImmutableArray<MatrixCombination>? Name(List<List<KeyValuePair<string, Value>>> combinations, int fromAxes)
    {
        var named = ImmutableArray.CreateBuilder<MatrixCombination>(combinations.Count);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var good = true;
        for (var i = 0; i < combinations.Count; i++)
        {
            // Values that an included row adds to a combination of the axes do not tell it from others, so they stay out of its name.
            var key = MatrixKey.Of(i < fromAxes ? combinations[i].Take(_matrix.Axes.Length) : combinations[i]);
            if (!keys.Add(key))
            {
                _diagnostics.Error(DiagnosticCodes.PlanMatrixDuplicate, $"The matrix of `{_step.Name}` makes the combination `{key}` twice", _matrix.Span,
                    "take the repeated value or row out");
                good = false;
            }

            named.Add(new MatrixCombination(key, new Value.Map([.. combinations[i]])));
        }

        return good ? named.MoveToImmutable() : null;
    }

    private void TooLarge(long count) =>
        _diagnostics.Error(DiagnosticCodes.PlanMatrixTooLarge, $"The matrix of `{_step.Name}` makes {(count > Limits.MatrixJobsMax ? "more than " : "")}{Math.Min(count, Limits.MatrixJobsMax)} jobs, and {JobsMax} are allowed",
            _matrix.Span, _matrix.MaxJobs < Limits.MatrixJobsMax ? "raise its limit, or take values out" : "take values out, or split the step");

    private static Value? Find(List<KeyValuePair<string, Value>> entries, string name)
    {
        foreach (var (key, value) in entries)
        {
            if (string.Equals(key, name, StringComparison.Ordinal))
            {
                return value;
            }
        }

        return null;
    }
}
