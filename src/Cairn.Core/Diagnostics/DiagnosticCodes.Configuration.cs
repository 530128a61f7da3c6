namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>A configuration file has a key that Cairn does not know.</summary>
    public const string ConfigurationUnknownKey = "CAIRN0501";

    /// <summary>A configuration value has the wrong type or is out of range.</summary>
    public const string ConfigurationBadValue = "CAIRN0502";

    /// <summary>A key stands in a configuration file whose level may not set it.</summary>
    public const string ConfigurationWrongLevel = "CAIRN0503";

    /// <summary>A configuration file cannot be read.</summary>
    public const string ConfigurationUnreadable = "CAIRN0504";

    /// <summary>A configuration file is not a mapping.</summary>
    public const string ConfigurationNotMapping = "CAIRN0505";
}
