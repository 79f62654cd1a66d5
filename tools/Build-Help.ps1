<#
.SYNOPSIS
Makes the module's help for Get-Help (MAML) from the pages in docs/help.
.DESCRIPTION
The pages hold the words; syntax, types, positions and pipeline input are read from the built module, so they cannot disagree with it.
A cmdlet without a page, and a parameter without a text, end the build.
.PARAMETER ModulePath
Folder of the built module; the help is written into its en-US folder.
.PARAMETER PagesPath
Folder of the pages.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $ModulePath,
    [Parameter(Mandatory)] [string] $PagesPath
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

$MamlSpace = 'http://schemas.microsoft.com/maml/2004/10'
$CommandSpace = 'http://schemas.microsoft.com/maml/dev/command/2004/10'
$DevSpace = 'http://schemas.microsoft.com/maml/dev/2004/10'

# The engine's own parameters, the same on every cmdlet that has them.
$EngineTexts = @{
    WhatIf  = 'Shows what would happen; changes nothing.'
    Confirm = 'Asks before each change.'
}

function Read-HelpPage {
    # A page as a table: heading of level 2 -> its text, and 'Examples' and 'Parameters' by heading of level 3.
    param([string] $Path)
    $page = @{ Sections = @{}; Parameters = [ordered] @{}; Examples = [ordered] @{} }
    $section = ''
    $item = ''
    foreach ($line in Get-Content -LiteralPath $Path) {
        if ($line -match '^## (?<name>.+)$') {
            $section = $Matches.name.Trim()
            $item = ''
        }
        elseif ($line -match '^### (?<name>.+)$') {
            $item = $Matches.name.Trim()
        }
        else {
            switch ($section) {
                'PARAMETERS' { if ($item) { $page.Parameters[$item.TrimStart('-')] += "$line`n" } }
                'EXAMPLES' { if ($item) { $page.Examples[$item] += "$line`n" } }
                default { $page.Sections[$section] += "$line`n" }
            }
        }
    }

    $page
}

function ConvertTo-PlainText {
    # Markdown's marks mean nothing in a console; lines of a paragraph are joined, paragraphs stay apart.
    param([string] $Text)
    $plain = $Text -replace '\[([^\]]+)\]\([^)]+\)', '$1' -replace '\*\*([^*]+)\*\*', '$1' -replace '`([^`]+)`', '$1'
    foreach ($paragraph in ($plain -split '\n\s*\n')) {
        $joined = ($paragraph -replace '\s*\n\s*', ' ').Trim()
        if ($joined) {
            $joined
        }
    }
}

function Write-Paragraph {
    param([Xml.XmlWriter] $Writer, [string] $Element, [string] $Space, [string] $Text)
    $Writer.WriteStartElement($Element, $Space)
    foreach ($paragraph in ConvertTo-PlainText $Text) {
        $Writer.WriteElementString('para', $MamlSpace, $paragraph)
    }

    $Writer.WriteEndElement()
}

function Get-OwnParameter {
    # The parameters of one set that the cmdlet declares or asks for, in the order people read them.
    param([Management.Automation.CommandParameterSetInfo] $Set)
    $common = [Management.Automation.Cmdlet]::CommonParameters
    $Set.Parameters | Where-Object { $_.Name -notin $common } | Sort-Object { if ($_.Position -lt 0) { 1000 } else { $_.Position } }
}

function Write-Parameter {
    param([Xml.XmlWriter] $Writer, $Parameter, [string] $Text)
    $Writer.WriteStartElement('parameter', $CommandSpace)
    $Writer.WriteAttributeString('required', "$($Parameter.IsMandatory)".ToLowerInvariant())
    $Writer.WriteAttributeString('variableLength', "$($Parameter.ParameterType.IsArray)".ToLowerInvariant())
    $isGlobbing = @($Parameter.Attributes | Where-Object { $_ -is [Management.Automation.SupportsWildcardsAttribute] }).Count -gt 0
    $Writer.WriteAttributeString('globbing', "$isGlobbing".ToLowerInvariant())
    $ways = @(
        if ($Parameter.ValueFromPipeline) { 'ByValue' }
        if ($Parameter.ValueFromPipelineByPropertyName) { 'ByPropertyName' }
    )
    $Writer.WriteAttributeString('pipelineInput', $(if ($ways) { "True ($($ways -join ', '))" } else { 'False' }))
    $Writer.WriteAttributeString('position', $(if ($Parameter.Position -ge 0) { "$($Parameter.Position)" } else { 'named' }))
    $Writer.WriteAttributeString('aliases', $(if ($Parameter.Aliases.Count) { $Parameter.Aliases -join ', ' } else { 'none' }))
    $Writer.WriteElementString('name', $MamlSpace, $Parameter.Name)
    if ($Text) {
        Write-Paragraph $Writer 'description' $MamlSpace $Text
    }

    $type = $Parameter.ParameterType
    if ($type -ne [switch]) {
        $inner = [Nullable]::GetUnderlyingType($type)
        $Writer.WriteStartElement('parameterValue', $CommandSpace)
        $Writer.WriteAttributeString('required', 'true')
        $Writer.WriteString($(if ($inner) { $inner.Name } else { $type.Name }))
        $Writer.WriteEndElement()
    }

    $Writer.WriteEndElement()
}

function Get-ParameterText {
    param([hashtable] $Page, [string] $Cmdlet, [string] $Parameter)
    $text = if ($EngineTexts.ContainsKey($Parameter)) { $EngineTexts[$Parameter] } else { "$($Page.Parameters[$Parameter])" }
    if (-not $text.Trim()) {
        throw "docs/help/$Cmdlet.md has no text for -$Parameter."
    }

    $text
}

function Write-Example {
    param([Xml.XmlWriter] $Writer, [string] $Title, [string] $Text)
    if ($Text -notmatch '(?s)```powershell\r?\n(?<code>.*?)```(?<remarks>.*)') {
        throw "The example '$Title' has no powershell block."
    }

    $code, $remarks = $Matches.code, $Matches.remarks
    $Writer.WriteStartElement('example', $CommandSpace)
    $Writer.WriteElementString('title', $MamlSpace, $Title)
    $Writer.WriteElementString('code', $DevSpace, $code.TrimEnd())
    Write-Paragraph $Writer 'remarks' $DevSpace $remarks
    $Writer.WriteEndElement()
}

function Write-Details {
    param([Xml.XmlWriter] $Writer, [Management.Automation.CmdletInfo] $Cmdlet, [hashtable] $Page)
    $Writer.WriteStartElement('details', $CommandSpace)
    $Writer.WriteElementString('name', $CommandSpace, $Cmdlet.Name)
    Write-Paragraph $Writer 'description' $MamlSpace $Page.Sections['SYNOPSIS']
    $Writer.WriteElementString('verb', $CommandSpace, $Cmdlet.Verb)
    $Writer.WriteElementString('noun', $CommandSpace, $Cmdlet.Noun)
    $Writer.WriteEndElement()
    Write-Paragraph $Writer 'description' $MamlSpace $Page.Sections['DESCRIPTION']
}

function Write-Cmdlet {
    param([Xml.XmlWriter] $Writer, [Management.Automation.CmdletInfo] $Cmdlet, [hashtable] $Page)
    $Writer.WriteStartElement('command', 'command', $CommandSpace)
    $Writer.WriteAttributeString('xmlns', 'maml', $null, $MamlSpace)
    $Writer.WriteAttributeString('xmlns', 'dev', $null, $DevSpace)
    Write-Details $Writer $Cmdlet $Page

    $Writer.WriteStartElement('syntax', $CommandSpace)
    $all = [ordered] @{}
    foreach ($set in $Cmdlet.ParameterSets) {
        $Writer.WriteStartElement('syntaxItem', $CommandSpace)
        $Writer.WriteElementString('name', $MamlSpace, $Cmdlet.Name)
        foreach ($parameter in Get-OwnParameter $set) {
            Write-Parameter $Writer $parameter
            $all[$parameter.Name] = $parameter
        }

        $Writer.WriteEndElement()
    }

    $Writer.WriteEndElement()
    $Writer.WriteStartElement('parameters', $CommandSpace)
    foreach ($parameter in $all.Values) {
        Write-Parameter $Writer $parameter (Get-ParameterText $Page $Cmdlet.Name $parameter.Name)
    }

    $Writer.WriteEndElement()
    $Writer.WriteStartElement('returnValues', $CommandSpace)
    foreach ($type in $Cmdlet.OutputType) {
        $Writer.WriteStartElement('returnValue', $CommandSpace)
        $Writer.WriteStartElement('type', $DevSpace)
        $Writer.WriteElementString('name', $MamlSpace, $type.Name)
        $Writer.WriteEndElement()
        $Writer.WriteEndElement()
    }

    $Writer.WriteEndElement()
    $Writer.WriteStartElement('examples', $CommandSpace)
    foreach ($title in $Page.Examples.Keys) {
        Write-Example $Writer $title $Page.Examples[$title]
    }

    $Writer.WriteEndElement()
    $Writer.WriteEndElement()
}

$ModulePath = Convert-Path -LiteralPath $ModulePath
Import-Module (Join-Path $ModulePath 'AsrModule.psd1') -Force 3> $null
$helpPath = Join-Path $ModulePath 'en-US'
$null = New-Item -ItemType Directory -Path $helpPath -Force
$settings = [Xml.XmlWriterSettings]::new()
$settings.Indent = $true
$writer = [Xml.XmlWriter]::Create((Join-Path $helpPath 'AsrModule.dll-Help.xml'), $settings)
try {
    $writer.WriteStartElement('helpItems', 'http://msh')
    $writer.WriteAttributeString('schema', 'maml')
    foreach ($cmdlet in Get-Command -Module AsrModule | Sort-Object Name) {
        $pagePath = Join-Path $PagesPath "$($cmdlet.Name).md"
        if (-not (Test-Path $pagePath)) {
            throw "The cmdlet $($cmdlet.Name) has no page in docs/help."
        }

        $page = Read-HelpPage $pagePath
        foreach ($section in 'SYNOPSIS', 'DESCRIPTION') {
            if (-not "$($page.Sections[$section])".Trim()) {
                throw "docs/help/$($cmdlet.Name).md has no $section."
            }
        }

        if ($page.Examples.Count -eq 0) {
            throw "docs/help/$($cmdlet.Name).md has no example."
        }

        Write-Cmdlet $writer $cmdlet $page
    }

    $writer.WriteEndElement()
}
finally {
    $writer.Dispose()
}

# Topics are plain text for Get-Help about_...
foreach ($topic in Get-ChildItem $PagesPath -Filter 'about_*.md') {
    $name = [IO.Path]::GetFileNameWithoutExtension($topic.Name)
    Copy-Item -LiteralPath $topic.FullName -Destination (Join-Path $helpPath "$name.help.txt")
}
