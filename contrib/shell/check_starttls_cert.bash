# Completion of check_starttls_cert, written by tests/lists.py. Needs bash 4; bash-completion loads it by itself.
_check_starttls_cert() {
    local IFS=$' \t\n' typed=${COMP_LINE:0:COMP_POINT} words=() word option prefix=
    word=${typed##*[[:space:]]}
    read -ra words <<< "${typed%"$word"}"
    option=${words[${#words[@]} - 1]}
    words=()
    # -vP smtp, --protocol=smtp, -vPsmtp
    [[ ! $option =~ ^-[46vVh]+([HPptnwco])$ ]] || option=-${BASH_REMATCH[1]}
    if [[ $word == --*=* ]]; then
        option=${word%%=*} prefix=${word%%=*}=
    elif [[ $word =~ ^-[46vVh]*([HPptnwco])(.+)$ ]]; then
        option=-${BASH_REMATCH[1]} prefix=${word%"${BASH_REMATCH[2]}"}
    fi
    case $option in
        -P | --protocol) words=(smtp submission lmtp ldap imap pop3 sieve ftp nntp xmpp-client xmpp-server irc postgres mysql mssql rdp nbd smtps submissions lmtps ldaps imaps pop3s ftps nntps xmpps-client xmpps-server ircs sieves https mqtts amqps tls) ;;
        --name-check) words=(client none cn cn_san san) ;;
        --ca-file) compopt -o default ;;
        --ca-dir) compopt -o dirnames ;;
        --min-tls) words=(1.0 1.1 1.2 1.3) ;;
        --state) words=(connection=ok connection=warning connection=critical connection=unknown name=ok name=warning name=critical name=unknown chain=ok chain=warning chain=critical chain=unknown self-signed=ok self-signed=warning self-signed=critical self-signed=unknown trust=ok trust=warning trust=critical trust=unknown key-size=ok key-size=warning key-size=critical key-size=unknown signature=ok signature=warning signature=critical signature=unknown pin=ok pin=warning pin=critical pin=unknown lifetime=ok lifetime=warning lifetime=critical lifetime=unknown tls=ok tls=warning tls=critical tls=unknown); [[ $word != *,* ]] || prefix=${word%,*}, ;;
        --untrusted) words=(ok warning critical unknown) ;;
        --unreachable) words=(ok warning critical unknown) ;;
        --prtg-channel-names) words=(default original) ;;
        -o | --output) words=(nagios prtg prtg-v2 json openmetrics) ;;
        --prtg-schema) words=(2 3) ;;
        -H | --host | --hostname | -p | --port | --sni | -t | --timeout | -n | --name | -w | --warning | -c | --critical | --min-rsa-bits | --min-ec-bits | --issuer | --fingerprint | --spki-pin | --max-lifetime) ;;
        *) words=(-H --host --hostname -P --protocol -p --port -4 --ipv4 -6 --ipv6 --sni -t --timeout -n --name --name-check -w --warning -c --critical --ca-file --ca-dir --allow-self-signed --min-rsa-bits --min-ec-bits --min-tls --issuer --fingerprint --spki-pin --max-lifetime --state --untrusted --unreachable --prtg-channel-names -o --output --prtg-schema -v --verbose -V --version --demo -h --help) ;;
    esac
    COMPREPLY=($(compgen -P "$prefix" -W "${words[*]}" -- "${word#"$prefix"}"))
    # Where "=" separates words, what is completed begins behind it.
    [[ $COMP_WORDBREAKS != *=* || $word != *=* ]] || COMPREPLY=("${COMPREPLY[@]#"${word%=*}="}")
}
complete -F _check_starttls_cert check_starttls_cert
