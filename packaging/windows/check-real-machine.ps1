# SPDX-License-Identifier: Apache-2.0
<#
.SYNOPSIS
    Checks on a real Windows machine what Wine cannot show, and prints pass or fail.

.DESCRIPTION
    To be run as an administrator, in Windows PowerShell 5.1 or later, on a test
    machine: it installs and removes quietsetup, starts and ends programs that it
    brings along or that are Windows' own, and asks the person before it needs one.
    docs/windows.md says what each check is for.

.PARAMETER Msi
    The MSI to be checked (make msi).

.PARAMETER Part
    all, or one of service, pipe, host, agent, dialog, msi. Those that need a person say so.

.PARAMETER Unattended
    Leaves out what needs a person.

.EXAMPLE
    powershell -ExecutionPolicy Bypass -File check-real-machine.ps1 -Msi quietsetup-1.2.3-x64.msi
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Msi,
    [ValidateSet('all', 'msi', 'service', 'pipe', 'host', 'agent', 'dialog')] [string] $Part = 'all',
    [switch] $Unattended
)

Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

$script:Failed = 0
$script:Passed = 0
$script:Left = 0
$Home64 = Join-Path $env:ProgramFiles 'quietsetup'
$Daemon = Join-Path $Home64 'quietsetupd.exe'
$Cli = Join-Path $Home64 'quietsetup.exe'
$Agent = Join-Path $Home64 'quietsetup-prompt.exe'
$State = Join-Path $env:ProgramData 'quietsetup\state'
$PipeName = 'ProtectedPrefix\Administrators\quietsetup-api'

function Check([string] $Name, [scriptblock] $Test) {
    try {
        $why = & $Test
        if ($why) { throw "$why" }
        $script:Passed++
        Write-Host "pass  $Name"
    }
    catch {
        $script:Failed++
        Write-Host "FAIL  $Name" -ForegroundColor Red
        Write-Host "      $($_.Exception.Message)"
    }
}

# A check that a person must do or confirm.
function Ask([string] $Name, [string] $Do) {
    if ($Unattended) {
        $script:Left++
        Write-Host "left  $Name (needs a person)"
        return
    }
    Write-Host ''
    Write-Host "      $Do"
    $answer = Read-Host "      $Name - is it so? [y/n]"
    Check $Name { if ($answer -ne 'y') { 'the person says no' } }
}

function Wants([string] $Name) { $Part -eq 'all' -or $Part -eq $Name }

function Run([string] $Exe, [string[]] $Arguments) {
    $ErrorActionPreference = 'Continue' # what a program says on its standard error is no error of ours
    $out = & $Exe @Arguments 2>&1 | Out-String
    [pscustomobject]@{ Code = $LASTEXITCODE; Text = $out }
}

function Msiexec([string[]] $Arguments) {
    (Start-Process msiexec.exe -ArgumentList $Arguments -Wait -PassThru).ExitCode
}

# Waits until a test gives something true, at most so many seconds.
function Until([int] $Seconds, [scriptblock] $Test) {
    $end = (Get-Date).AddSeconds($Seconds)
    while ((Get-Date) -lt $end) {
        if (& $Test) { return $true }
        Start-Sleep -Milliseconds 200
    }
    return $false
}

function ServiceState { (Get-CimInstance Win32_Service -Filter "Name='quietsetupd'") }

function Agents { @(Get-CimInstance Win32_Process -Filter "Name='quietsetup-prompt.exe'") }

# Runs a piece of PowerShell as SYSTEM and returns what it wrote: for what only the
# service may do or see.
function AsSystem([string] $Code) {
    $name = 'quietsetup-check-' + [guid]::NewGuid()
    $out = Join-Path $env:SystemRoot "Temp\$name.txt"
    $text = "try { & { $Code } *>&1 | Out-String | Set-Content -Encoding UTF8 '$out' } catch { `$_ | Out-String | Set-Content '$out' }"
    $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($text))
    $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -EncodedCommand $encoded"
    $principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -RunLevel Highest
    Register-ScheduledTask -TaskName $name -Action $action -Principal $principal | Out-Null
    try {
        Start-ScheduledTask -TaskName $name
        if (-not (Until 30 { Test-Path $out })) { throw 'the task as SYSTEM wrote nothing' }
        Until 30 { (Get-ScheduledTask -TaskName $name).State -ne 'Running' } | Out-Null
        Get-Content -Raw $out
    }
    finally {
        Unregister-ScheduledTask -TaskName $name -Confirm:$false
        Remove-Item -Force -ErrorAction SilentlyContinue $out
    }
}

if (-not ([Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()).IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    Write-Error 'run it as an administrator'
}
$Msi = (Resolve-Path $Msi).Path
Write-Host "quietsetup on $((Get-CimInstance Win32_OperatingSystem).Caption) $([Environment]::OSVersion.Version), $(Get-Date -Format s)"

if (Wants 'msi') {
    Check 'msi: installs unseen' { $code = Msiexec @('/i', "`"$Msi`"", '/qn', '/norestart', '/l*v', "`"$env:TEMP\quietsetup-msi.log`""); if ($code -ne 0) { "msiexec ended with $code, see $env:TEMP\quietsetup-msi.log" } }
    Check 'msi: the service is registered with a quoted path' { $p = (ServiceState).PathName; if ($p -notlike '"*quietsetupd.exe" service run*') { $p } }
    Check 'msi: the agent is in the Run key' {
        $v = (Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Run').'quietsetup-prompt'
        if ($v -ne "`"$Agent`"") { "it is $v" }
    }
    Check 'msi: only administrators can write to the programs' {
        foreach ($rule in (Get-Acl $Home64).Access) {
            $writes = [int]$rule.FileSystemRights -band [int][Security.AccessControl.FileSystemRights]'Write,Delete,ChangePermissions,TakeOwnership'
            $sid = $rule.IdentityReference.Translate([Security.Principal.SecurityIdentifier]).Value
            if ($writes -and $rule.AccessControlType -eq 'Allow' -and $sid -notmatch '^S-1-5-(18|32-544|80-.*)$|^S-1-3-0$') { "$($rule.IdentityReference) may write" }
        }
    }
}

if (Wants 'service') {
    Check 'service: runs as the system in session 0' {
        $s = ServiceState
        if ($s.StartName -ne 'LocalSystem') { "runs as $($s.StartName)" }
        elseif ((Get-Process -Id $s.ProcessId).SessionId -ne 0) { 'is not in session 0' }
    }
    Check 'service: starts with the machine' { if ((ServiceState).StartMode -ne 'Auto') { (ServiceState).StartMode } }
    Check 'service: is started again when it dies' {
        $before = (ServiceState).ProcessId
        Stop-Process -Force -Id $before
        if (-not (Until 30 { $s = ServiceState; $s.State -eq 'Running' -and $s.ProcessId -ne $before })) { 'it was not, within 30 s' }
    }
    Check 'service: stop and start, twenty times' {
        foreach ($i in 1..20) {
            foreach ($verb in 'stop', 'start') { $r = Run $Daemon @('service', $verb); if ($r.Code -ne 0) { return "$verb no. $i ended with $($r.Code): $($r.Text)" } }
        }
    }
    Check 'service: status as JSON' { $d = (Run $Daemon @('service', 'status', '--json')).Text | ConvertFrom-Json; if ($d.schema -ne 'service/v1' -or $d.state -ne 'running') { "$d" } }
    Check 'service: its events are readable' {
        $e = Get-WinEvent -FilterHashtable @{ LogName = 'Application'; ProviderName = 'quietsetupd' } -MaxEvents 1
        if ($e.Message -notmatch 'quietsetupd') { "the last event is: $($e.Message)" }
    }
    Check 'service: nobody else reads its state folder' {
        foreach ($rule in (Get-Acl $State).Access) {
            $sid = $rule.IdentityReference.Translate([Security.Principal.SecurityIdentifier]).Value
            if ($rule.AccessControlType -eq 'Allow' -and $sid -notmatch '^S-1-5-(18|32-544)$') { "$($rule.IdentityReference) may: $($rule.FileSystemRights)" }
        }
        if (-not (Get-Acl $State).AreAccessRulesProtected) { 'its rights are inherited' }
    }
    Check 'service: quietsetup doctor finds nothing that fails' { $r = Run $Cli @('doctor', '--json'); $bad = @(($r.Text | ConvertFrom-Json).checks | Where-Object { $_.state -eq 'fail' -and $_.check -ne 'depot' }); if ($bad.Count) { ($bad | ForEach-Object { "$($_.code): $($_.found)" }) -join '; ' } }
}

if (Wants 'pipe') {
    Check 'pipe: belongs to the system, and people may not serve on it' {
        $code = @"
`$p = New-Object IO.Pipes.NamedPipeClientStream('.', '$PipeName', [IO.Pipes.PipeDirection]::InOut)
`$p.Connect(5000)
`$p.GetAccessControl().GetSecurityDescriptorSddlForm('Owner,Access')
`$p.Dispose()
"@
        $sddl = AsSystem $code
        if ($sddl -notmatch 'O:SY') { "its owner is not the system: $sddl" }
        elseif ($sddl -notmatch '0x12019b;;;IU') { "people's rights are not reading and writing alone: $sddl" }
    }
    Check 'pipe: a second server on the name is refused' {
        try {
            $p = New-Object IO.Pipes.NamedPipeServerStream($PipeName, [IO.Pipes.PipeDirection]::InOut, 2)
            $p.Dispose()
            'it was let in'
        }
        catch [UnauthorizedAccessException] { }
        catch [IO.IOException] { }
    }
    Check 'pipe: a caller who lends no token gets no answer, others do' {
        foreach ($c in @(@('Identification', $true), @('Anonymous', $false))) {
            $p = New-Object IO.Pipes.NamedPipeClientStream('.', $PipeName, [IO.Pipes.PipeDirection]::InOut, [IO.Pipes.PipeOptions]::None, [Security.Principal.TokenImpersonationLevel]$c[0])
            $answer = ''
            try {
                $p.Connect(5000)
                $ask = [Text.Encoding]::ASCII.GetBytes("GET /v1/status HTTP/1.1`r`nHost: local`r`nConnection: close`r`n`r`n")
                $p.Write($ask, 0, $ask.Length)
                $answer = (New-Object IO.StreamReader($p)).ReadLine()
            }
            catch [IO.IOException] { }
            finally { $p.Dispose() }
            if (($answer -match ' 200 ') -ne $c[1]) { "a caller of the kind $($c[0]) was answered: $answer" }
        }
    }
    Check 'pipe: a second daemon ends with 10' { $r = Run $Daemon @('run', '--once'); if ($r.Code -ne 10) { "it ended with $($r.Code): $($r.Text)" } }
    Ask 'pipe: other machines are kept out' "On another machine, as an administrator of this one: [IO.File]::Open('\\$env:COMPUTERNAME\pipe\$PipeName', 'Open') is refused."
    Check 'pipe: a user without rights may look, and neither order nor take such a name' {
        $user = 'qs-check'; $password = [guid]::NewGuid().ToString() + 'aA1!'
        $secure = ConvertTo-SecureString $password -AsPlainText -Force
        New-LocalUser $user -Password $secure -AccountNeverExpires | Out-Null
        try {
            $out = Join-Path $env:PUBLIC "$([guid]::NewGuid()).txt"
            $cred = New-Object Management.Automation.PSCredential("$env:COMPUTERNAME\$user", $secure)
            foreach ($c in @(@('status', 0), @('hold --reason check', 9))) {
                $p = Start-Process cmd.exe -Credential $cred -WorkingDirectory $env:PUBLIC -PassThru -Wait -WindowStyle Hidden -ArgumentList "/c `"`"$Cli`" $($c[0]) > $out 2>&1`""
                if ($p.ExitCode -ne $c[1]) { return "$($c[0]) ended with $($p.ExitCode), want $($c[1]): $(Get-Content -Raw $out)" }
            }
            # Another name at the same place: the service has its own.
            $take = "try { `$p = New-Object IO.Pipes.NamedPipeServerStream('$PipeName-taken', [IO.Pipes.PipeDirection]::InOut); `$p.Dispose(); exit 1 } catch { exit 0 }"
            $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($take))
            $p = Start-Process powershell.exe -Credential $cred -WorkingDirectory $env:PUBLIC -PassThru -Wait -WindowStyle Hidden -ArgumentList "-NoProfile -EncodedCommand $encoded"
            if ($p.ExitCode -ne 0) { return 'it can serve on a name that is for administrators' }
        }
        finally { Remove-LocalUser $user; Remove-Item -Force -ErrorAction SilentlyContinue $out; Run $Cli @('release', '--reason', 'check') | Out-Null }
    }
}

if (Wants 'host') {
    Check 'host: the boot has the same id after the clock was moved' {
        $before = (Run $Cli @('events', '--json')).Text -split "`n" | Where-Object { $_ -match '"boot"' } | Select-Object -Last 1 | ForEach-Object { ($_ | ConvertFrom-Json).boot }
        Set-Date (Get-Date).AddHours(2) | Out-Null
        try { Run $Daemon @('service', 'stop') | Out-Null; Run $Daemon @('service', 'start') | Out-Null }
        finally { Set-Date (Get-Date).AddHours(-2) | Out-Null }
        Start-Sleep 3
        $after = (Run $Cli @('events', '--json')).Text -split "`n" | Where-Object { $_ -match '"boot"' } | Select-Object -Last 1 | ForEach-Object { ($_ | ConvertFrom-Json).boot }
        if (-not $before -or $before -ne $after) { "before $before, after $after" }
    }
    Check 'host: this session is listed, with its user' {
        $s = ((Run $Cli @('status', '--json')).Text | ConvertFrom-Json).sessions
        $id = [string](Get-Process -Id $PID).SessionId
        if (-not @($s | Where-Object { $_.id -eq $id -and $_.user -match [regex]::Escape($env:USERNAME) }).Count) { ($s | ConvertTo-Json -Compress) }
    }
    Ask 'host: a locked session is seen as locked' "Lock the screen (Windows+L), wait 10 seconds, come back; then compare with: quietsetup events --json | findstr locked"
    Ask 'host: a second user is listed' 'Log on as a second user (switch user), come back; quietsetup status lists both, the first as the one that is here.'
}

if (Wants 'agent') {
    Check 'agent: one runs in this session, started without help' {
        $id = (Get-Process -Id $PID).SessionId
        if (-not (Until 20 { @(Agents | Where-Object { $_.SessionId -eq $id }).Count -eq 1 })) { "there are $(@(Agents | Where-Object { $_.SessionId -eq $id }).Count)" }
    }
    Check 'agent: it comes back when it was ended' {
        Agents | ForEach-Object { Stop-Process -Force -Id $_.ProcessId }
        if (-not (Until 30 { (Agents).Count -ge 1 })) { 'it did not, within 30 s' }
    }
    Check 'agent: it has no rights of the service' {
        $a = Agents | Select-Object -First 1
        $owner = (Invoke-CimMethod -InputObject $a -MethodName GetOwner).User
        if ($owner -eq 'SYSTEM') { 'it runs as the system' }
    }
    Check 'agent: the service can ask it' { if (-not (Until 20 { @(((Run $Cli @('status', '--json')).Text | ConvertFrom-Json).sessions | Where-Object { $_.agent }).Count })) { 'no session has an agent' } }
    Ask 'agent: a logon starts exactly one' 'Log off and on again; Task Manager shows one quietsetup-prompt.exe for this session.'
}

if (Wants 'dialog') {
    Ask 'dialog: it is seen, on top, and takes no keys from what is typed' 'Request a product whose program runs (see docs/windows.md), go on typing in another program meanwhile: nothing that you typed answered the window.'
    Ask 'dialog: it is sharp on a screen with 150 % or more' 'Look at the letters; move the window between screens of different scale.'
    Ask 'dialog: a screen reader reads question, programs, time and choices' 'Windows+Ctrl+Enter starts Narrator; go through the window with Tab.'
    Ask 'dialog: a plain box names its buttons as the system does' 'Windows in a third language; end the agent, start quietsetup-prompt.exe --front messagebox, request: the words before the colons are those on the buttons.'
    Ask 'dialog: a full screen presentation is not covered' 'Start a presentation (F5 in a slide show), then request: the window waits or is behind, as the policy says.'
    Ask 'dialog: a program with raised rights is closed, too' 'Run the program as administrator and choose "close": it is asked by the service, or the report says that it could not be.'
}

if (Wants 'msi') {
    Check 'msi: the same version again changes nothing' { $code = Msiexec @('/i', "`"$Msi`"", '/qn', '/norestart'); if ($code -ne 0) { "msiexec ended with $code" } elseif ((ServiceState).State -ne 'Running') { 'the service does not run' } }
    Check 'msi: uninstall ends agents and service, and asks for no restart' { $code = Msiexec @('/x', "`"$Msi`"", '/qn', '/norestart'); if ($code -ne 0) { "msiexec ended with $code" } elseif ((Agents).Count) { 'an agent still runs' } elseif (ServiceState) { 'the service is still there' } }
    Check 'msi: nothing is left but the state folder' {
        if (Test-Path $Home64) { "$Home64 is still there" }
        elseif (Test-Path 'HKLM:\SYSTEM\CurrentControlSet\Services\EventLog\Application\quietsetupd') { 'the source of the event log is still there' }
        elseif ((Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Run').PSObject.Properties.Name -contains 'quietsetup-prompt') { 'the Run key still has the agent' }
        elseif (-not (Test-Path $State)) { 'the state folder is gone' }
    }
}

Write-Host ''
Write-Host "$script:Passed passed, $script:Failed failed, $script:Left left"
if ($script:Failed) { exit 1 }
