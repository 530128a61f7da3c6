namespace Cairn.Core.Diagnostics;

/// <content>Reading YAML and JSON: <c>CAIRN0001</c> to <c>CAIRN0029</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>The file is larger than <see cref="Limits.PipelineFileBytesMax"/>.</summary>
    public const string FileTooLarge = "CAIRN0001";

    /// <summary>A byte is not UTF-8, or the file is in another encoding.</summary>
    public const string NotUtf8 = "CAIRN0002";

    /// <summary>A control character, a NUL among them.</summary>
    public const string ControlCharacter = "CAIRN0003";

    /// <summary>There is nothing in the file.</summary>
    public const string EmptyDocument = "CAIRN0004";

    /// <summary>The text is not YAML.</summary>
    public const string YamlSyntax = "CAIRN0005";

    /// <summary>A mapping has a key twice.</summary>
    public const string DuplicateKey = "CAIRN0006";

    /// <summary>A key is a list, a mapping or nothing.</summary>
    public const string BadKey = "CAIRN0007";

    /// <summary>A file holds more than one YAML document.</summary>
    public const string SeveralDocuments = "CAIRN0008";

    /// <summary>A tag that the core schema does not have, often a glob that lacks its quotes.</summary>
    public const string UnknownTag = "CAIRN0009";

    /// <summary>A value that does not fit its <c>!!</c> tag.</summary>
    public const string TagMismatch = "CAIRN0010";

    /// <summary>An alias of no anchor, often a glob that lacks its quotes.</summary>
    public const string UnknownAlias = "CAIRN0011";

    /// <summary>A value that contains itself by an alias.</summary>
    public const string RecursiveAlias = "CAIRN0012";

    /// <summary>More values than <see cref="Limits.NodesMax"/> once aliases are expanded.</summary>
    public const string TooManyNodes = "CAIRN0013";

    /// <summary>Values nested deeper than <see cref="Limits.NodeDepthMax"/>.</summary>
    public const string TooDeep = "CAIRN0014";

    /// <summary>A merge key <c>&lt;&lt;</c> whose value is no mapping.</summary>
    public const string BadMerge = "CAIRN0015";

    /// <summary>An escape that stands for no character.</summary>
    public const string BadEscape = "CAIRN0016";
}
