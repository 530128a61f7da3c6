namespace Cairn.Core.Diagnostics;

/// <summary>
/// The stable ids of diagnostics, one partial file for each area: <c>CAIRN00xx</c> syntax and includes, <c>01xx</c> the language,
/// <c>02xx</c> expressions and globs, <c>03xx</c> the plan, <c>04xx</c> a run, <c>05xx</c> configuration, the command line and what surrounds a step, <c>075x</c> projects and templates.
/// An id is never used again for something else.
/// </summary>
public static partial class DiagnosticCodes;
