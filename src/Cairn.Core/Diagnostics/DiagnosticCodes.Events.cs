namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>A handler has not exactly one of <c>file</c>, <c>webhook</c> and <c>command</c>, or lacks what its kind needs.</summary>
    public const string HandlerIncomplete = "CAIRN0680";

    /// <summary>A handler has a key that is unknown, or none of its kind.</summary>
    public const string HandlerUnknownKey = "CAIRN0681";

    /// <summary>A value of a handler has the wrong type or form, or is out of range.</summary>
    public const string HandlerBadValue = "CAIRN0682";

    /// <summary>A pattern of a handler means no event that there is.</summary>
    public const string HandlerUnknownEvent = "CAIRN0683";

    /// <summary>The address of a webhook is not one that events may be sent to.</summary>
    public const string HandlerAddressRefused = "CAIRN0684";

    /// <summary>Events wait: a handler could not be reached in the time that a run has for it.</summary>
    public const string HandlerBehind = "CAIRN0685";

    /// <summary>A handler refused events, which are not sent again.</summary>
    public const string HandlerRefused = "CAIRN0686";

    /// <summary>Events for a handler were lost, since more came than it could take.</summary>
    public const string HandlerLost = "CAIRN0687";

    /// <summary>No handler was told of what a command did, since the configuration cannot be read.</summary>
    public const string HandlersUntold = "CAIRN0688";
}
