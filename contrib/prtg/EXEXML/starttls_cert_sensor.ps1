# PRTG EXE/Script Advanced sensor: the certificate of a service that speaks STARTTLS.
# Lives in "Custom Sensors\EXEXML" on the probe; parameters are the options of check_starttls_cert.

# The Python that the package check_starttls_cert is installed for.
$python = "py"

# PowerShell takes 28d,30% for a list of two.
$parameters = @($args | ForEach-Object { $_ -join "," })
# The output comes last, where no parameter can change it. The program itself always ends with 0.
try { $document = & $python -m check_starttls_cert @parameters --output prtg 2>$null } catch { $document = $null }
if (-not $document) {
    $document = '{"prtg": {"error": 1, "text": "cannot run check_starttls_cert: install Python and the package on the probe, for all users, and name that Python in this script"}}'
}
Write-Output $document
exit 0
