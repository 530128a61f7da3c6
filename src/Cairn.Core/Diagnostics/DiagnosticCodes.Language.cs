namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>A file that is included, or the pipeline file itself, does not exist.</summary>
    public const string FileNotFound = "CAIRN0050";

    /// <summary>A file could not be read.</summary>
    public const string FileUnreadable = "CAIRN0051";

    /// <summary>Files include each other in a circle.</summary>
    public const string IncludeCycle = "CAIRN0052";

    /// <summary>A path of <c>include</c> is absolute or leaves the project.</summary>
    public const string IncludeEscapes = "CAIRN0053";

    /// <summary>Too many included files, or too deep.</summary>
    public const string IncludeLimit = "CAIRN0054";

    /// <summary>A key that does not exist here.</summary>
    public const string UnknownKey = "CAIRN0101";

    /// <summary>A value of another type than the key takes.</summary>
    public const string WrongType = "CAIRN0102";

    /// <summary>A key that must be given.</summary>
    public const string MissingKey = "CAIRN0103";

    /// <summary>A key that exists, but not in an included or generated file.</summary>
    public const string KeyNotAllowedHere = "CAIRN0104";

    /// <summary>A <c>version</c> that this program does not read.</summary>
    public const string UnsupportedVersion = "CAIRN0105";

    /// <summary>A value of the right type that is out of range or not among those allowed.</summary>
    public const string InvalidValue = "CAIRN0106";

    /// <summary>Text that is not a duration.</summary>
    public const string InvalidDuration = "CAIRN0107";

    /// <summary>A name with characters that it may not have.</summary>
    public const string InvalidName = "CAIRN0109";

    /// <summary>Not exactly one of <c>run</c>, <c>command</c> and <c>uses</c> (or of another such group).</summary>
    public const string NotExactlyOne = "CAIRN0110";

    /// <summary>Keys that do not go together.</summary>
    public const string KeyConflict = "CAIRN0111";

    /// <summary>A path that is absolute or leaves the project.</summary>
    public const string PathEscapes = "CAIRN0113";

    /// <summary>A name that no environment variable can have.</summary>
    public const string InvalidVariableName = "CAIRN0114";

    /// <summary>A variable that Cairn sets itself.</summary>
    public const string ReservedVariable = "CAIRN0115";

    /// <summary>An isolation level that this version does not have.</summary>
    public const string UnsupportedIsolation = "CAIRN0116";

    /// <summary>A network mode that the isolation level cannot give.</summary>
    public const string UnsupportedNetwork = "CAIRN0117";

    /// <summary>A list or mapping that must have at least one entry.</summary>
    public const string EmptyValue = "CAIRN0119";

    /// <summary>A matrix that is an expression as a whole.</summary>
    public const string MatrixNotStatic = "CAIRN0120";

    /// <summary>The same name defined in two files.</summary>
    public const string DuplicateDefinition = "CAIRN0121";

    /// <summary>A parameter's default that does not fit its type or its <c>enum</c>.</summary>
    public const string InvalidDefault = "CAIRN0122";

    /// <summary>A key with another name in other tools.</summary>
    public const string ForeignKey = "CAIRN0123";

    /// <summary>More steps than a pipeline may have.</summary>
    public const string TooManySteps = "CAIRN0124";

    /// <summary>A matrix row that names no axis.</summary>
    public const string UnknownAxis = "CAIRN0125";

    /// <summary><c>needs</c> names a step that does not exist.</summary>
    public const string UnknownStep = "CAIRN0130";

    /// <summary>A step needs itself.</summary>
    public const string SelfNeed = "CAIRN0131";

    /// <summary>A name stands twice in a list of names.</summary>
    public const string DuplicateName = "CAIRN0132";

    /// <summary>Steps need each other in a circle.</summary>
    public const string NeedCycle = "CAIRN0133";

    /// <summary><c>services</c> names a service that does not exist.</summary>
    public const string UnknownService = "CAIRN0134";

    /// <summary><c>uses</c> names a template that does not exist.</summary>
    public const string UnknownTemplate = "CAIRN0135";

    /// <summary>Templates use each other in a circle, or too deep.</summary>
    public const string TemplateCycle = "CAIRN0136";

    /// <summary><c>with</c> gives a parameter that the template does not have.</summary>
    public const string UnknownTemplateParameter = "CAIRN0137";

    /// <summary><c>with</c> leaves out a parameter that has no default.</summary>
    public const string MissingTemplateParameter = "CAIRN0138";

    /// <summary>A value that does not fit the parameter's type or <c>enum</c>.</summary>
    public const string InvalidArgument = "CAIRN0139";

    /// <summary>An expression names something that does not exist, or not here.</summary>
    public const string UnknownRoot = "CAIRN0140";

    /// <summary>An expression names a parameter that is not declared.</summary>
    public const string UnknownParameter = "CAIRN0141";

    /// <summary>An expression names a matrix axis that the step does not have.</summary>
    public const string UnknownMatrixValue = "CAIRN0142";

    /// <summary>An expression reads a step that its own step does not need.</summary>
    public const string StepNotNeeded = "CAIRN0143";

    /// <summary>An expression reads a member that does not exist.</summary>
    public const string UnknownMember = "CAIRN0144";

    /// <summary>A secret anywhere but as a whole <c>env</c> value.</summary>
    public const string SecretMisplaced = "CAIRN0145";

    /// <summary>An expression names a secret that is not declared.</summary>
    public const string UnknownSecret = "CAIRN0146";

    /// <summary>A status function anywhere but in <c>if</c>.</summary>
    public const string StatusFunctionMisplaced = "CAIRN0147";

    /// <summary>Warning: text that others control becomes part of a script.</summary>
    public const string UntrustedScript = "CAIRN0160";

    /// <summary>Warning: a script begins with <c>#!</c>, which the shell takes for a comment.</summary>
    public const string IgnoredInterpreter = "CAIRN0161";
}
