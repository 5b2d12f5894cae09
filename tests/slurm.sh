#!/usr/bin/env bash
# The array job of docs/scale.md on a Slurm of its own: one node, the loopback interface, Debian's
# packages.
#   tests/slurm.sh [PAIRBENCH] [SHARDS]       as root on Debian or Ubuntu; installs what is missing
set -euo pipefail
cd "$(dirname "$0")/.."
pairbench=$(realpath "${1:-target/release/pairbench}")
shards=${2:-4}
if [ "$(id -u)" != 0 ]; then
    echo "SKIPPED: slurmctld, slurmd and munged are started as root"
    exit 0
fi
if ! type slurmctld slurmd munged sbatch > /dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
        munge slurmctld slurmd slurm-client
fi

dir=$(mktemp -d)
chmod 755 "$dir"
pids=()
cleanup() {
    status=$?
    if [ $status != 0 ]; then
        tail -n 20 "$dir"/*.log >&2 || true
    fi
    for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
    wait
    rm -rf "$dir"
    exit $status
}
trap cleanup EXIT

# Away from a cluster that this machine may belong to: own ports, own socket, own key.
host=$(hostname -s)
mkdir "$dir/state" "$dir/spool" "$dir/munge" "$dir/bin"
ln -s "$pairbench" "$dir/bin/pairbench"
chown munge: "$dir/munge"
dd if=/dev/urandom of="$dir/munge/key" bs=1 count=1024 status=none
chown munge: "$dir/munge/key"
chmod 400 "$dir/munge/key"
cat > "$dir/slurm.conf" <<CONF
ClusterName=pairbench
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES State=UP
CONF
export SLURM_CONF=$dir/slurm.conf
setpriv --reuid=munge --regid=munge --clear-groups munged --foreground --force \
    --key-file="$dir/munge/key" --socket="$dir/munge/socket" --pid-file="$dir/munge/pid" \
    --seed-file="$dir/munge/seed" --log-file="$dir/munge/log" > "$dir/munged.log" 2>&1 &
pids+=($!)
for _ in $(seq 50); do [ -S "$dir/munge/socket" ] && break; sleep 0.1; done
slurmctld -D > "$dir/slurmctld.log" 2>&1 &
pids+=($!)
slurmd -D -N "$host" > "$dir/slurmd.log" 2>&1 &
pids+=($!)
for _ in $(seq 100); do sinfo -h -o %T 2> /dev/null | grep -qx idle && break; sleep 0.2; done
echo "$(sinfo --version): $(sinfo -h -o '%N %T, %c CPUs')"

# The job file as it is printed, with another number of tasks and what a clean environment lacks.
cd "$dir"
sed -n '/^`score.sbatch`/,/^```$/p' "$OLDPWD/docs/scale.md" |
    sed '1,/^```bash$/d;/^```$/d' > score.sbatch
grep -q 'exec pairbench run --shard' score.sbatch
export PATH=$dir/bin:$PATH PAIRBENCH_CACHE=
begun=$SECONDS
sbatch --wait --array="1-$shards" score.sbatch
took=$((SECONDS - begun))
pairbench merge runs/parts/* --out runs/merged > merged.txt
pairbench run --out runs/whole > whole.txt
cmp merged.txt whole.txt
diff -r --exclude=run.json runs/merged runs/whole
echo "PASSED: $shards tasks of a Slurm array in $took s, merged: verdicts.parquet and the reports are" \
    "those of one run"
