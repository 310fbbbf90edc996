@echo off
rem PRTG EXE/Script Advanced sensor: the certificate of a service that speaks STARTTLS.
rem Lives in "Custom Sensors\EXEXML" on the probe; parameters are the options of check_starttls_cert.
setlocal
rem Needs a Python that the package check_starttls_cert is installed for, named here; in quotes where its path has spaces.
set PYTHON=py
rem The output comes last, where no parameter can change it. The program itself always ends with 0.
%PYTHON% -m check_starttls_cert %* --output prtg 2>nul
if %errorlevel% equ 0 exit /b 0
echo {"prtg": {"error": 1, "text": "cannot run check_starttls_cert: install Python and the package on the probe, for all users, and name that Python in this script"}}
exit /b 0
