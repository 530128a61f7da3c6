namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>There is nothing in the folder that <c>cairn init</c> knows how to build.</summary>
    public const string NothingToBuild = "CAIRN0750";

    /// <summary>What is to be made is there already.</summary>
    public const string AlreadyThere = "CAIRN0751";

    /// <summary>A name cannot be that of a project.</summary>
    public const string ProjectNameInvalid = "CAIRN0752";

    /// <summary>There is no such template.</summary>
    public const string TemplateUnknown = "CAIRN0753";

    /// <summary>A template cannot be read or fetched.</summary>
    public const string TemplateUnreadable = "CAIRN0754";

    /// <summary>A <c>template.yaml</c> has a key that Cairn does not know.</summary>
    public const string TemplateUnknownKey = "CAIRN0755";

    /// <summary>A value of a <c>template.yaml</c> has the wrong type or form, or is missing.</summary>
    public const string TemplateBadValue = "CAIRN0756";

    /// <summary>A template does not have the kind that was asked for.</summary>
    public const string TemplateKindUnknown = "CAIRN0757";

    /// <summary>A placeholder or a condition in a template has no meaning.</summary>
    public const string TemplatePlaceholder = "CAIRN0758";

    /// <summary>A parameter of a template is unknown, missing or has a value that does not fit.</summary>
    public const string TemplateParameter = "CAIRN0759";

    /// <summary>There is no text of a licence by that name.</summary>
    public const string LicenseUnknown = "CAIRN0760";

    /// <summary>A file of a template has a path that is none, or leads elsewhere.</summary>
    public const string TemplatePath = "CAIRN0761";

    /// <summary>There is no suite of Debian to take packages from, or the template or project names none.</summary>
    public const string NoSuite = "CAIRN0762";
}
