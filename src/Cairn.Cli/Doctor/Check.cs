namespace Cairn.Cli.Doctor;

/// <summary>What a check found.</summary>
internal enum CheckStatus
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Works, but less well; or worth knowing.</summary>
    Note,

    /// <summary>Cairn needs it and it is not there.</summary>
    Missing,
}

/// <summary>One line of <c>cairn doctor</c>.</summary>
/// <param name="Id">A stable name for programs.</param>
/// <param name="Group">The heading it stands under.</param>
/// <param name="Title">What was looked at.</param>
/// <param name="Status">What was found.</param>
/// <param name="Detail">In words.</param>
/// <param name="Fix">The command that mends it, or null.</param>
internal sealed record Check(string Id, string Group, string Title, CheckStatus Status, string Detail, string? Fix = null);
