namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>An expression does not follow the grammar.</summary>
    public const string ExpressionSyntax = "CAIRN0200";

    /// <summary>A <c>${{</c> or a quote inside an expression is not closed.</summary>
    public const string ExpressionUnclosed = "CAIRN0201";

    /// <summary>An expression is too long or nested too deeply.</summary>
    public const string ExpressionTooLarge = "CAIRN0202";

    /// <summary>A function does not exist.</summary>
    public const string ExpressionUnknownFunction = "CAIRN0203";

    /// <summary>A function got too many or too few arguments.</summary>
    public const string ExpressionArgumentCount = "CAIRN0204";

    /// <summary>A root such as <c>params</c> does not exist here.</summary>
    public const string ExpressionUnknownRoot = "CAIRN0205";

    /// <summary>An operator or function got a value of a type that it does not take.</summary>
    public const string ExpressionType = "CAIRN0206";

    /// <summary>A function exists but cannot be had at this place of the document.</summary>
    public const string ExpressionFunctionUnavailable = "CAIRN0207";

    /// <summary>An evaluation takes too many steps or makes too large a value.</summary>
    public const string ExpressionLimit = "CAIRN0208";

    /// <summary>A value has the right type but cannot be used: bad JSON, a division by zero, a wrong placeholder.</summary>
    public const string ExpressionValue = "CAIRN0209";

    /// <summary>Warning: a comparison of two different types never holds.</summary>
    public const string ExpressionComparison = "CAIRN0210";

    /// <summary>A scalar that must be one expression has text beside its <c>${{ }}</c>.</summary>
    public const string ExpressionTextAround = "CAIRN0211";

    /// <summary>A list or a map is substituted into a text.</summary>
    public const string ExpressionNotText = "CAIRN0212";

    /// <summary>A glob cannot be understood, or leaves the project.</summary>
    public const string GlobInvalid = "CAIRN0220";
}
