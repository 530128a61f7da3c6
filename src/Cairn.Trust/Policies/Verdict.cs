namespace Cairn.Trust.Policies;

/// <summary>What a rule, or a line of a checklist, answers.</summary>
public enum Verdict
{
    /// <summary>It holds.</summary>
    Pass,

    /// <summary>What the answer depends on is not there.</summary>
    NotChecked,

    /// <summary>It does not hold.</summary>
    Fail,
}

/// <summary>The words for verdicts.</summary>
public static class VerdictWords
{
    /// <summary>As keys and JSON have them, in the order of <see cref="Verdict"/>.</summary>
    public static IReadOnlyList<string> All { get; } = ["pass", "not_checked", "fail"];

    /// <summary>The word of documents: <c>pass</c>, <c>not_checked</c>, <c>fail</c>.</summary>
    public static string Of(Verdict verdict) => All[(int)verdict];

    /// <summary>The word for people.</summary>
    public static string Shown(Verdict verdict) => verdict is Verdict.NotChecked ? "not checked" : Of(verdict);

    /// <summary>The worse of two.</summary>
    public static Verdict Worse(Verdict left, Verdict right) => left > right ? left : right;
}
