using System;
using System.Collections;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Add-Member: note, script and alias properties, script methods and type names.</summary>
[Cmdlet(VerbsCommon.Add, "Member", DefaultParameterSetName = NoteSet)]
public sealed class AddMemberCommand : PSCmdlet
{
    private const string NoteSet = "NotePropertySingleMemberSet";
    private const string NotesSet = "NotePropertyMultiMemberSet";
    private const string MemberSet = "MemberSet";
    private const string TypeNameSet = "TypeNameSet";

    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public PSObject InputObject { get; set; } = null!;

    [Parameter(Mandatory = true, Position = 0, ParameterSetName = NoteSet)]
    public string NotePropertyName { get; set; } = "";

    [Parameter(Mandatory = true, Position = 1, ParameterSetName = NoteSet)]
    [AllowNull]
    public object? NotePropertyValue { get; set; }

    [Parameter(Mandatory = true, Position = 0, ParameterSetName = NotesSet)]
    public IDictionary NotePropertyMembers { get; set; } = new Hashtable();

    [Parameter(Mandatory = true, Position = 0, ParameterSetName = MemberSet)]
    [Alias("Type")]
    public PSMemberTypes MemberType { get; set; }

    [Parameter(Mandatory = true, Position = 1, ParameterSetName = MemberSet)]
    public string Name { get; set; } = "";

    [Parameter(Position = 2, ParameterSetName = MemberSet)]
    public object? Value { get; set; }

    [Parameter(Position = 3, ParameterSetName = MemberSet)]
    public object? SecondValue { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = TypeNameSet)]
    public string TypeName { get; set; } = "";

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        switch (ParameterSetName)
        {
            case NoteSet:
                Add(new PSNoteProperty(NotePropertyName, NotePropertyValue));
                break;
            case NotesSet:
                foreach (DictionaryEntry entry in NotePropertyMembers)
                {
                    Add(new PSNoteProperty(LanguagePrimitives.ConvertTo<string>(entry.Key), entry.Value));
                }

                break;
            case MemberSet:
                Add(MakeMember());
                break;
            default:
                InputObject.TypeNames.Insert(0, TypeName);
                break;
        }

        if (PassThru)
        {
            WriteObject(InputObject);
        }
    }

    private PSMemberInfo MakeMember() => MemberType switch
    {
        PSMemberTypes.NoteProperty => new PSNoteProperty(Name, Value),
        PSMemberTypes.AliasProperty => new PSAliasProperty(Name, LanguagePrimitives.ConvertTo<string>(Value)),
        PSMemberTypes.ScriptMethod => new PSScriptMethod(Name, LanguagePrimitives.ConvertTo<ScriptBlock>(Value)),
        PSMemberTypes.ScriptProperty => new PSScriptProperty(
            Name, LanguagePrimitives.ConvertTo<ScriptBlock>(Value), LanguagePrimitives.ConvertTo<ScriptBlock>(SecondValue)),
        _ => throw new PSArgumentException($"Members of the type {MemberType} cannot be added here."),
    };

    private void Add(PSMemberInfo member)
    {
        if (Force && InputObject.Members[member.Name] is { IsInstance: true })
        {
            InputObject.Members.Remove(member.Name);
        }

        InputObject.Members.Add(member);
    }
}
