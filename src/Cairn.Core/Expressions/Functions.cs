namespace Cairn.Core.Expressions;

internal enum Function
{
    None,
    Contains,
    StartsWith,
    EndsWith,
    Format,
    Join,
    Split,
    Lower,
    Upper,
    Trim,
    Replace,
    Length,
    FromJson,
    ToJson,
    HashFiles,
    Success,
    Failure,
    Always,
    Cancelled,
}

/// <summary>The functions that an expression may call: names (case counts), arguments, results.</summary>
internal static class Functions
{
    public const int Unbounded = int.MaxValue;

    public static IEnumerable<string> Names => NamesByValue.Skip(1);

    // In the order of the enum.
    private static readonly string[] NamesByValue =
    [
        "", "contains", "startsWith", "endsWith", "format", "join", "split", "lower", "upper", "trim", "replace", "length",
        "fromJson", "toJson", "hashFiles", "success", "failure", "always", "cancelled",
    ];

    public static string NameOf(Function function) => NamesByValue[(int)function];

    public static Function Find(string name)
    {
        for (var i = 1; i < NamesByValue.Length; i++)
        {
            if (string.Equals(NamesByValue[i], name, StringComparison.Ordinal))
            {
                return (Function)i;
            }
        }

        return Function.None;
    }

    public static (int Min, int Max) ArgumentsOf(Function function) => function switch
    {
        Function.Format or Function.HashFiles => (1, Unbounded),
        Function.Join => (1, 2),
        Function.Replace => (3, 3),
        Function.Contains or Function.StartsWith or Function.EndsWith or Function.Split => (2, 2),
        Function.Success or Function.Failure or Function.Always or Function.Cancelled => (0, 0),
        _ => (1, 1),
    };

    /// <summary>How a call is written, for suggestions.</summary>
    public static string SignatureOf(Function function) => function switch
    {
        Function.Contains => "contains(list or text, value)",
        Function.StartsWith => "startsWith(text, start)",
        Function.EndsWith => "endsWith(text, end)",
        Function.Format => "format('{0} …', value, …)",
        Function.Join => "join(list, separator)",
        Function.Split => "split(text, separator)",
        Function.Replace => "replace(text, old, new)",
        Function.Length => "length(text, list or map)",
        Function.HashFiles => "hashFiles(glob, …)",
        Function.ToJson => "toJson(value)",
        Function.Success or Function.Failure or Function.Always or Function.Cancelled => NameOf(function) + "()",
        _ => NameOf(function) + "(text)",
    };

    public static ValueKind ResultOf(Function function) => function switch
    {
        Function.Contains or Function.StartsWith or Function.EndsWith => ValueKind.Boolean,
        Function.Success or Function.Failure or Function.Always or Function.Cancelled => ValueKind.Boolean,
        Function.Length => ValueKind.Number,
        Function.Split => ValueKind.List,
        Function.FromJson or Function.None => ValueKind.Unknown,
        _ => ValueKind.Text,
    };

    public static bool IsStatus(Function function) => function is Function.Success or Function.Failure or Function.Always or Function.Cancelled;
}
