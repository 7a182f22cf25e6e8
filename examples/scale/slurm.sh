#!/usr/bin/env bash
# One task of a Slurm job array computes one part; DIR lies on a file system that all nodes share.
#     id=$(sbatch --parsable --array=1-64 slurm.sh STUDY.yaml DIR screen)
#     id=$(sbatch --parsable --array=1-64 --dependency=afterok:$id slurm.sh STUDY.yaml DIR)
#     sbatch --dependency=afterok:$id --wrap "stroma merge STUDY.yaml -o DIR"
#SBATCH --job-name=stroma
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --time=00:30:00
#SBATCH --output=stroma-%A-%a.log
set -euo pipefail
[ $# -eq 2 ] || [ "${3:-}" = screen ] || { echo "sbatch --array=1-N slurm.sh STUDY.yaml DIR [screen]" >&2; exit 2; }
part=$SLURM_ARRAY_TASK_ID
parts=$SLURM_ARRAY_TASK_MAX # the array begins at 1
kind=${3:-part} # the first round is optional: it spares every part the screening of everybody
[ -e "$2/parts/$kind-$part-of-$parts" ] ||
    "${STROMA:-stroma}" run "$1" -o "$2" --shard "$part/$parts" ${3:+--screen} --threads "${SLURM_CPUS_PER_TASK:-1}" -q
