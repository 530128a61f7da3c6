namespace Cairn.Core.Diagnostics;

/// <content>Policies and their cases: <c>CAIRN0660</c> to <c>CAIRN0679</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>A policy, or its cases, cannot be read.</summary>
    public const string PolicyUnreadable = "CAIRN0660";

    /// <summary>A policy or a part of it checks nothing.</summary>
    public const string PolicyEmpty = "CAIRN0661";

    /// <summary>A word of a policy is none of those there are.</summary>
    public const string PolicyWord = "CAIRN0662";

    /// <summary>A value of a policy is none: a hash, a pattern, a time.</summary>
    public const string PolicyValue = "CAIRN0663";

    /// <summary>A rule of a policy can never hold.</summary>
    public const string PolicyImpossible = "CAIRN0664";

    /// <summary>A case expects something of a rule that the policy does not have.</summary>
    public const string PolicyCaseRule = "CAIRN0665";

    /// <summary>A case expects nothing.</summary>
    public const string PolicyCaseEmpty = "CAIRN0666";
}
